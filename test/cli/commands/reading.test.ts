import { OUTCOMES, STAGES } from '../../../src/domain/outcome';
import type { SummaryView } from '../../../src/use-cases/views';
import { createFakeFixture } from './fake-use-cases';

const AT = '2026-12-01T08:00:00.000Z';

test.each([
  [[], 0],
  [['no-worker'], 3],
] as const)(
  'timeline prints each entry, and how many were dropped; degraded %j: status %i',
  async (degraded, status) => {
    const entry = { at: AT, kind: 'status', source: 'poll', text: 'The status is Engaged', data: null } as const;
    const { run, out, printed, messages } = await createFakeFixture({
      timeline: async () => ({ items: [entry], omitted: 3, degraded }),
    });
    expect(await run('timeline', 'POL-1')).toBe(status);
    expect(out).toEqual(['2026-12-01T08:00:00Z\tpoll\tstatus\tThe status is Engaged']);
    expect(messages()).toContain('3 older entries were dropped');
    expect(await run('timeline', 'POL-1', '--json')).toBe(status);
    expect(printed()).toEqual([entry]);
  },
);

test('summary prints the counts', async () => {
  const summary: SummaryView = {
    stages: Object.fromEntries(STAGES.map((stage) => [stage, 0])) as SummaryView['stages'],
    outcomes: { ...(Object.fromEntries(OUTCOMES.map((name) => [name, 0])) as SummaryView['outcomes']), collected: 12 },
    days: [{ date: '2026-12-01', opened: 4, closed: 2 }],
    ages: [
      { atMostDays: 1, count: 2 },
      { atMostDays: 7, count: 3 },
    ],
    coverage: { since: AT },
    asOf: AT,
  };
  const { run, out, printed, messages } = await createFakeFixture({ summary: async () => summary });
  expect(await run('summary')).toBe(0);
  expect(out).toEqual(
    expect.arrayContaining([
      '12\toutcome\tcollected',
      '2\tage\tup to 1 day',
      '3\tage\tup to 7 days',
      '4\topened\t2026-12-01',
    ]),
  );
  expect(messages()).toContain('applicants that closed before 2026-12-01T08:00:00Z may be missing');
  expect(await run('summary', '--json')).toBe(0);
  expect(printed()).toEqual([summary]);
});

test.each([
  [[], 0],
  [['temporal-unavailable'], 3],
] as const)('attention prints what needs a person; degraded %j: status %i', async (degraded, status) => {
  const item = { clientUserId: 'POL-1', need: 'quiet', since: AT, text: 'No progress', action: 'GET .../invitation' };
  const attention = async () => ({ items: [item], asOf: AT, degraded });
  const { run, out, printed } = await createFakeFixture({ attention });
  expect(await run('attention')).toBe(status);
  expect(out).toEqual(['POL-1\tquiet\tinvitation POL-1\t2026-12-01T08:00:00Z\tNo progress']);
  expect(await run('attention', '--json')).toBe(status);
  expect(printed()).toEqual([item]);
});

test.each([
  ['npm run chartway -- doctor', /POL-1.*\tdoctor\t/],
  ['POST /api/v1/applicants with "again": true', /\tstart POL-1 --email <address> --again\t/],
] as const)('a run that is stuck and one that was ended by force need other commands: %s', async (action, row) => {
  const item = { clientUserId: 'POL-1', need: 'stuck-run', since: null, text: 'It is stuck.', action };
  const attention = async () => ({ items: [item], asOf: AT, degraded: [] });
  const { run, out } = await createFakeFixture({ attention });
  await run('attention');
  expect(out.join('\n')).toMatch(row);
});

test('on a terminal, attention wraps what to do, below its row if it is narrow', async () => {
  const text = 'The invitation could not be delivered. Correct the e-mail address and start again.';
  const undeliverable = { clientUserId: 'POL-1', need: 'undeliverable', since: AT, text, action: 'POST ...' };
  const backlog = { clientUserId: null, need: 'spool', since: null, text, action: 'npm run chartway -- doctor' };
  const print = async (columns: number) => {
    const attention = async () => ({ items: [undeliverable, backlog], asOf: AT, degraded: [] });
    const { run, out } = await createFakeFixture({ attention }, { screen: { columns, hasColor: false } });
    expect(await run('attention')).toBe(0);
    expect(Math.max(...out.map((line) => line.length))).toBeLessThanOrEqual(columns);
    return out;
  };
  const narrow = await print(80);
  expect(narrow[1]).toMatch(/^POL-1 +undeliverable {2}start POL-1 --email <address> --again /);
  expect(narrow.slice(2, 4)).toEqual([
    '  The invitation could not be delivered. Correct the e-mail address and start',
    '  again.',
  ]);
  expect(narrow[4]).toMatch(/^- +spool +doctor +-$/);
  const wide = await print(140);
  expect(wide[1]).toMatch(/Z {2}The invitation could not be delivered\. Correct the$/);
  expect(wide[2]).toMatch(/^ {90,}e-mail address and start again\.$/);
});

test('audit export prints every page as JSON lines', async () => {
  const entry = (did: string) => ({
    at: AT,
    who: 'cli:ann',
    did,
    clientUserId: 'POL-1',
    documentId: null,
    authorizationReference: null,
    onBehalfOf: null,
    detail: null,
    source: 'audit' as const,
  });
  const audit = async ({ cursor }: { readonly cursor: string | null }) =>
    cursor === null
      ? { items: [entry('cancel')], nextCursor: 'next', asOf: AT }
      : { items: [entry('start')], nextCursor: null, asOf: AT };
  const { run, printed, calls } = await createFakeFixture({ audit });
  expect(await run('audit', 'export', 'POL-1')).toBe(0);
  expect(printed()).toEqual([entry('cancel'), entry('start')]);
  expect(calls).toMatchObject([
    ['audit', { clientUserId: 'POL-1', cursor: null }, { who: 'cli:tester' }],
    ['audit', { clientUserId: 'POL-1', cursor: 'next' }, { who: 'cli:tester' }],
  ]);
});
