import { groupProviders, matchesProvider, type Organization } from '../../src/domain/providers';
import { findAbsentReports } from '../../src/domain/reports';

const BOTH = { id: 'o1', name: 'Sample Clinic' };
const BY_ID = { id: 'o1', name: null };
const BY_NAME = { id: null, name: ' sample  CLINIC\u200b' };

const rows = (type: string, organizations: readonly (Organization | null)[]) =>
  organizations.map((organization) => ({ type, organization }));

describe('one provider', () => {
  test.each<[string, readonly (Organization | null)[], number]>([
    ['is its id, with or without a name', [BOTH, BY_ID], 1],
    ['is its name in any case, spacing and Unicode spelling, with or without its id', [BOTH, BY_NAME], 1],
    ['is named by id in one row and by name in another, where a third has both', [BY_ID, BY_NAME, BOTH], 1],
    [
      'is named by id alone in one row and by name alone in another, where nothing says that they are two',
      [BY_ID, BY_NAME],
      1,
    ],
    ['is one of two with the same name and different ids', [BOTH, { id: 'o2', name: 'Sample Clinic' }], 2],
    ['is one of two names without ids', [BY_NAME, { id: null, name: 'Other' }], 2],
    ['is not joined with a name where two have an id alone', [BY_ID, { id: 'o2', name: null }, BY_NAME], 3],
    ['is none where no row names one', [null, null], 0],
  ])('%s', (_what, organizations, count) => expect(groupProviders(organizations)).toHaveLength(count));

  test('has the id and the name that any of its rows has', () => {
    expect(groupProviders([BY_NAME, BOTH]).map(({ organization }) => organization)).toEqual([BOTH]);
    const [provider] = groupProviders([BY_ID, { id: null, name: 'Sample Clinic' }]);
    expect(provider?.organization).toEqual(BOTH);
    expect(provider && [BY_ID, BY_NAME].every((organization) => matchesProvider(provider, organization))).toBe(true);
  });
});

describe('no unity is missing', () => {
  test.each<[string, readonly (Organization | null)[], readonly (Organization | null)[]]>([
    ['of a provider whose rows name it by id and by name', [BY_ID], [BOTH, BY_NAME]],
    ['of the sole provider where its unity names none', [null], [BOTH]],
    [
      'of either of two with one name where a row has the name alone',
      [BOTH, BY_NAME],
      [{ id: 'o2', name: 'Sample Clinic' }],
    ],
  ])('%s', (_what, unity, ccdraw) => {
    expect(findAbsentReports([...rows('unity', unity), ...rows('ccdraw', ccdraw)], { unity: ['pdf'] })).toEqual([]);
  });

  test('but of one of two providers where the unity without an organization may be the other one’s', () => {
    const listed = [...rows('unity', [null]), ...rows('ccdraw', [BOTH, { id: 'o2', name: 'Other' }])];
    expect(findAbsentReports(listed, { unity: ['pdf'] })).toHaveLength(2);
  });
});
