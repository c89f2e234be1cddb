import { groupProviders, matchesProvider, type Organization } from '../../src/domain/providers';
import { findAbsentReports } from '../../src/domain/reports';

const BOTH = { id: 'o1', name: 'Sample Clinic' };
const BY_ID = { id: 'o1', name: null };
const BY_NAME = { id: null, name: ' sample  CLINIC\u200b' };

const rows = (type: string, organizations: readonly (Organization | null)[]) =>
  organizations.map((organization) => ({ type, organization }));

describe('providers of rows', () => {
  test.each<[string, readonly (Organization | null)[], number]>([
    ['with the same id, with or without a name', [BOTH, BY_ID], 1],
    ['with the same name in any spelling, with or without an id', [BOTH, BY_NAME], 1],
    ['with an id and with a name, if a third row has both', [BY_ID, BY_NAME, BOTH], 1],
    ['with only an id and with only a name, if these are all', [BY_ID, BY_NAME], 1],
    ['with the same name and different ids', [BOTH, { id: 'o2', name: 'Sample Clinic' }], 2],
    ['with two names and no ids', [BY_NAME, { id: null, name: 'Other' }], 2],
    ['with a name, if two have only an id', [BY_ID, { id: 'o2', name: null }, BY_NAME], 3],
    ['without an organization', [null, null], 0],
  ])('%s: %3$i', (_what, organizations, count) => expect(groupProviders(organizations)).toHaveLength(count));

  test('have the id and the name of any of their rows', () => {
    expect(groupProviders([BY_NAME, BOTH]).map(({ organization }) => organization)).toEqual([BOTH]);
    const [provider] = groupProviders([BY_ID, { id: null, name: 'Sample Clinic' }]);
    expect(provider?.organization).toEqual(BOTH);
    expect(provider && [BY_ID, BY_NAME].every((organization) => matchesProvider(provider, organization))).toBe(true);
  });
});

describe('no unity is missing', () => {
  test.each<[string, readonly (Organization | null)[], readonly (Organization | null)[]]>([
    ['of a provider with rows by id and by name', [BY_ID], [BOTH, BY_NAME]],
    ['of a sole provider whose unity names no organization', [null], [BOTH]],
    [
      'of two providers with one name, if a row has only the name',
      [BOTH, BY_NAME],
      [{ id: 'o2', name: 'Sample Clinic' }],
    ],
  ])('%s', (_what, unity, ccdraw) => {
    expect(findAbsentReports([...rows('unity', unity), ...rows('ccdraw', ccdraw)], { unity: ['pdf'] })).toEqual([]);
  });

  test('unless a unity without an organization may belong to either of two providers', () => {
    const listed = [...rows('unity', [null]), ...rows('ccdraw', [BOTH, { id: 'o2', name: 'Other' }])];
    expect(findAbsentReports(listed, { unity: ['pdf'] })).toHaveLength(2);
  });
});
