import { Unavailable } from '../../../src/use-cases/errors';
import type { ListQuery } from '../../../src/use-cases/use-cases';
import { applicantView, CLOSED, createFakeFixture } from './fake-use-cases';
import { wrongUsageError } from './wrong-usage';

const page = (ids: readonly string[], nextCursor: string | null) => ({
  items: ids.map((clientUserId) => applicantView({ clientUserId, pendingCalls: null, actions: null })),
  nextCursor,
  asOf: '2026-12-01T08:00:00.000Z',
  coverage: { since: null },
});

test('passes every filter on', async () => {
  const { run, calls } = await createFakeFixture({ list: async () => page([], null) });
  const filters = ['--prefix', 'POL', '--human-id', 'h-1', '--stage', 'invited', '--outcome', 'collected', '--closed'];
  const instants = [
    '--opened-after',
    '2026-12-01',
    '--closed-before',
    '2026-12-02T08:00:00Z',
    '--due-before',
    '2027-01-01',
  ];
  expect(await run('list', ...filters, '--need', 'quiet', '--need', 'stuck-call', ...instants, '--limit', '7')).toBe(0);
  expect(calls).toEqual([
    [
      'list',
      {
        prefix: 'POL',
        humanId: 'h-1',
        stage: 'invited',
        outcome: 'collected',
        needs: ['quiet', 'stuck-call'],
        open: false,
        openedAfterMs: Date.parse('2026-12-01T00:00:00Z'),
        closedBeforeMs: Date.parse('2026-12-02T08:00:00Z'),
        dueBeforeMs: Date.parse('2027-01-01T00:00:00Z'),
        limit: 7,
        cursor: null,
      },
    ],
  ]);
});

test('prints one page and how to continue; --all reads every page', async () => {
  const list = async ({ cursor }: ListQuery) => (cursor === null ? page(['A', 'B'], 'next') : page(['C'], null));
  const { run, out, printed, messages, calls } = await createFakeFixture({ list });
  expect(await run('list')).toBe(0);
  expect(out.map((line) => line.split('\t')[0])).toEqual(['A', 'B']);
  expect(messages()).toContain('there are more: add --all, or --cursor next');
  expect(await run('list', '--all', '--json')).toBe(0);
  expect(printed()).toEqual(page(['A', 'B', 'C'], null).items);
  expect(calls.slice(1)).toMatchObject([
    ['list', { cursor: null, limit: 200 }],
    ['list', { cursor: 'next' }],
  ]);
});

test('on a terminal, prints an aligned table, cut at its width', async () => {
  const items = [applicantView(), applicantView({ clientUserId: 'POL-20417', ...CLOSED, needs: ['conflict'] })];
  const list = async () => ({ ...page([], null), items });
  const { run, out } = await createFakeFixture({ list }, { screen: { columns: 40, hasColor: false } });
  expect(await run('list')).toBe(0);
  expect(out).toEqual([
    'CLIENTUSERID  STAGE    OUTCOME    NEEDS…',
    'POL-1         invited  -          -    …',
    'POL-20417     closed   collected  confl…',
  ]);
});

test('on a terminal, --all prints the header once', async () => {
  const list = async ({ cursor }: ListQuery) => (cursor === null ? page(['A'], 'next') : page(['B'], null));
  const { run, out } = await createFakeFixture({ list }, { screen: { columns: 13, hasColor: false } });
  expect(await run('list', '--all')).toBe(0);
  expect(out).toEqual(['CLIENTUSERID…', 'A           …', 'B           …']);
});

test('prints the next step, and which closed applicants may be missing, unless it lists open ones only', async () => {
  const nextStep = { code: 'remind', text: 'Remind the person.' };
  const coverage = { since: '2026-11-01T00:00:00.000Z' };
  const list = async () => ({ ...page([], null), items: [applicantView({ nextStep })], coverage });
  const { run, out, messages } = await createFakeFixture({ list });
  expect(await run('list', '--open')).toBe(0);
  expect(out[0]).toMatch(/^POL-1\tinvited\t-\t-\tremind\t/);
  expect(messages()).toBe('1 applicant\n');
  expect(await run('list', '--json')).toBe(0);
  expect(messages()).toContain('applicants that closed before 2026-11-01T00:00:00Z may be missing');
});

test('an outage is not an empty list: status 3', async () => {
  const { run, out } = await createFakeFixture({ list: () => Promise.reject(new Unavailable('temporal', 'nothing')) });
  expect([await run('list', '--json'), out]).toEqual([3, []]);
});

test.each([
  ['list --stage robin', /--stage is invalid\. Allowed choices are inviting, invited/],
  ['list --need robin', /attention, quiet/],
  ['list --limit 0', /Expected a number from 1 to 200/],
  ['list --limit 201', /Expected a number from 1 to 200/],
  ['list --opened-after yesterday', /Expected a date/],
  ['list --prefix robin@example.org', /--prefix is invalid\. Expected 1 to 100 letters, digits/],
  ['list --open --closed', /cannot be used/],
  ['list --all --limit 7', /cannot be used/],
  ['list --human-id robin@example.org', /Expected 1 to 100 letters, digits/],
])('%s: status 2, without the value', (line, expected) => {
  const error = wrongUsageError(line.split(' '));
  expect(error).toMatch(expected);
  expect(error).not.toMatch(/robin|yesterday/);
});
