import { selectReports } from '../../src/activities/list-selection';
import { versionName } from '../../src/domain/instants';
import { withMarks } from '../../src/domain/marks';
import type { ListedReport } from '../../src/domain/reports';
import { fc } from '../support/property';

const WANTED = { unity: ['json', 'pdf'] } as const;
const CLINIC = { id: 'o1', name: 'Sample Clinic' };
/** Half a payload, because a run carries more than one list. */
const MAX_BYTES = 1_000_000;

const row = (id: string, type = 'unity', organization: ListedReport['organization'] = CLINIC): ListedReport => ({
  id,
  type,
  organization,
  updatedAt: '2026-01-01T00:00:00Z',
});
const many = (count: number, make: (at: number) => ListedReport) => Array.from({ length: count }, (_, at) => make(at));
const bytesOf = (value: unknown) => Buffer.byteLength(JSON.stringify(value));

test('rows of unwanted types are left out, except the providers that only they show', () => {
  const other = { id: 'o2', name: 'Pharmacy' };
  const rows = [row('r1'), row('t1', 'timeline'), row('t2', 'timeline', other), row('t3', '', other)];
  expect(selectReports(rows, { wanted: WANTED })).toMatchObject({
    reports: [{ id: 'r1', type: 'unity' }],
    others: [{ type: '', organization: other }],
  });
});

test('a provider with only custom types is not expected to have a unity report', () => {
  const panels = many(3_000, (at) => row(`t${at}`, 'custom-panel', { id: `lab${at}`, name: 'Laboratory' }));
  expect(selectReports([row('r1'), ...panels], { wanted: WANTED })).toEqual({
    reports: [expect.objectContaining({ id: 'r1' })],
    digest: expect.any(String),
    left: 0,
  });
});

test('a list of only unwanted rows is not an empty list', () => {
  expect(selectReports([row('t1', 'timeline', null), row('t2', 'timeline', null)], { wanted: WANTED })).toMatchObject({
    reports: [],
    others: [{ type: '', organization: null }],
  });
  expect(selectReports([], { wanted: WANTED })).not.toHaveProperty('others');
});

test('a report that a notice has named is returned whatever its type', () => {
  const { reports } = selectReports([row('t1', 'timeline')], { wanted: WANTED, named: ['t1'] });
  expect(reports).toHaveLength(1);
});

test('the digest covers only the providers of unwanted rows', () => {
  const digestOf = (rows: ListedReport[]) => selectReports(rows, { wanted: WANTED }).digest;
  const before = digestOf([row('r1'), row('t1', 'timeline')]);
  expect(digestOf([row('t2', 'timeline'), row('r1'), row('t3', 'timeline')])).toBe(before);
  expect(digestOf([row('r1'), row('t1', 'timeline', { id: 'o2', name: null })])).not.toBe(before);
});

test('2,000 wanted reports fit into one answer, with 20,000 unwanted ones', () => {
  const rows = [...many(20_000, (at) => row(`t${at}`, 'timeline')), ...many(2_000, (at) => row(`r${at}`))];
  const selected = selectReports(rows, { wanted: WANTED });
  expect([selected.reports.length, selected.left]).toEqual([2_000, 0]);
});

test('the rest of a list that is too long for one answer follows after the first part is done', () => {
  const rows = many(10_000, (at) => row(`r${at}`));
  const listed = new Set<string>();
  let done = {};
  for (let lists = 0; lists < 9 && listed.size < rows.length; lists += 1) {
    const { reports, left, others } = selectReports(rows, { wanted: WANTED, done });
    expect(bytesOf(reports)).toBeLessThan(MAX_BYTES);
    expect(left).toBe(rows.length - listed.size - reports.length);
    if (listed.size > 0 && reports.length === 0) expect(others).toEqual([{ type: 'unity', organization: CLINIC }]);
    for (const { id } of reports) listed.add(id);
    const documents = reports.flatMap(({ id, updatedAt }) =>
      WANTED.unity.map((format) => [{ reportId: id, format, version: versionName(updatedAt) }, 'stored'] as const),
    );
    done = withMarks(done, documents);
  }
  expect(listed.size).toBe(rows.length);
});

test('long names are cut, and two that start alike stay different', () => {
  const named = (end: string) => row('r1', 'unity', { id: null, name: `${'x'.repeat(1_900)}${end}` });
  const names = ['a', 'b'].map((end) => selectReports([named(end)], { wanted: WANTED }).reports[0]?.organization?.name);
  expect(names[0]).not.toBe(names[1]);
  expect(names.every((name) => name && name.length <= 200)).toBe(true);
});

test('no list exceeds the payload limit, whatever its rows contain', () => {
  const text = fc.oneof(
    fc.string({ maxLength: 30 }),
    fc.constantFrom('\u0000', '語', '😀', '"').map((character) => character.repeat(200)),
  );
  const organization = fc.option(fc.record({ id: fc.option(text), name: fc.option(text) }));
  const sample = fc.record({ name: fc.constantFrom('unity', 'UNITY', 'timeline', ''), organization, id: text });
  fc.assert(
    fc.property(fc.array(sample, { minLength: 1, maxLength: 20 }), fc.nat(4_000), (samples, count) => {
      const rows = many(count, (at) => {
        const {
          id,
          name,
          organization: sampled,
        } = samples[at % samples.length] ?? { id: '', name: '', organization: null };
        const numbered = sampled && { id: sampled.id && `${at} ${sampled.id}`, name: sampled.name };
        return row(`${at}${id}`.slice(0, 200), name, numbered);
      });
      expect(bytesOf(selectReports(rows, { wanted: WANTED }))).toBeLessThan(MAX_BYTES);
    }),
    { numRuns: 25 },
  );
});
