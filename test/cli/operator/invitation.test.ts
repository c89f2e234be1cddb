import { QueryNotRegisteredError } from '@temporalio/client';
import { readCommandLine } from '../../../src/cli/operator/command-line';
import { runOperator } from '../../../src/cli/operator/run';
import type { Applicants } from '../../../src/temporal/applicants';
import * as applicants from '../../../src/temporal/applicants';
import * as pollers from '../../../src/temporal/task-queues';
import { operatorOf } from './fixture';
import { saidOfWrongUsage } from './wrong-usage';

jest.mock('../../../src/temporal/applicants', () => ({
  ...jest.requireActual('../../../src/temporal/applicants'),
  createApplicants: jest.fn(),
}));
jest.mock('../../../src/temporal/task-queues', () => ({ hasWorker: jest.fn() }));

const LINK = 'https://hapi.example/invite/secret';

/** `chartway invitation POL-1` before an applicant of whom the workflow answers so. */
async function run(
  {
    invitation,
    open = true,
    isPolled = true,
  }: { invitation?: Applicants['readInvitation']; open?: boolean; isPolled?: boolean },
  ...flags: string[]
) {
  const order: string[] = [];
  const summary = { standing: open ? 'open' : 'ended' } as Awaited<ReturnType<Applicants['read']>>;
  jest.mocked(pollers.hasWorker).mockResolvedValue(isPolled);
  jest.mocked(applicants.createApplicants).mockReturnValue({
    read: async () => (invitation ? summary : null),
    readInvitation: invitation,
  } as unknown as Applicants);
  const fixture = await operatorOf({
    temporal: async () => ({}) as never,
    audit: async () => ({ record: async (entry) => void order.push(`audit ${JSON.stringify(entry)}`) }),
    out: (line) => void order.push(line),
  });
  const { act, json } = readCommandLine(['invitation', 'POL-1', ...flags]);
  const status = await runOperator(act, { ...fixture.operator, json });
  return { status, order, said: fixture.said() };
}

const audited = (detail: string) =>
  `audit ${JSON.stringify({ who: 'cli:tester', did: 'invitation', clientUserId: 'POL-1', detail })}`;

test('the link is printed once the audit log has the line, and stands in neither that line nor stderr', async () => {
  const invitation = async () => ({ inviteLink: LINK, why: null });
  const { status, order, said } = await run({ invitation });
  expect(order).toEqual([audited('shown'), LINK]);
  expect(status).toBe(0);
  expect(said).not.toContain('secret');
  const { order: asJson } = await run({ invitation }, '--json');
  expect(asJson[1]).toBe(JSON.stringify({ clientUserId: 'POL-1', inviteLink: LINK, why: null }));
});

test.each([
  ['adopted', 'Human API does not return the link of a person who was there before'],
  ['not-invited-yet', 'is not invited yet'],
  ['closed', 'has closed'],
  ['not-returned', 'Human API returned no link'],
] as const)('without a link because of %s: status 1, and the reason', async (why, text) => {
  const { status, order, said } = await run({ invitation: async () => ({ inviteLink: null, why }) }, '--json');
  expect(order).toEqual([audited(why), JSON.stringify({ clientUserId: 'POL-1', inviteLink: null, why })]);
  expect(status).toBe(1);
  expect(said).toContain(text);
});

test('of a closed applicant no worker is asked, an unknown one is said to be unknown', async () => {
  const closed = await run({ open: false, isPolled: false, invitation: () => Promise.reject(new Error('asked')) });
  expect([closed.status, closed.order]).toEqual([1, [audited('closed')]]);
  const unknown = await run({});
  expect([unknown.status, unknown.order]).toEqual([1, [audited('unknown')]]);
  expect(unknown.said).toContain('Temporal has no such applicant');
});

test('where no worker can answer, or one of an older version, that is said: status 1', async () => {
  const alone = await run({ isPolled: false, invitation: () => Promise.reject(new Error('asked')) });
  expect([alone.status, alone.order]).toEqual([1, []]);
  expect(alone.said).toContain('no worker takes work from the task queue');
  const old = await run({ invitation: () => Promise.reject(new QueryNotRegisteredError('no such query', 3)) });
  expect([old.status, old.order]).toEqual([1, [audited('unsupported')]]);
  expect(old.said).toContain('upgrade the workers');
});

test('what is no clientUserId is wrong usage, and is not repeated', () => {
  const said = saidOfWrongUsage(['invitation', 'Max Muster']);
  expect(said).toContain('expected 1 to 100 letters');
  expect(said).not.toContain('Muster');
});
