import { QueryNotRegisteredError } from '@temporalio/client';
import type { Applicants } from '../../../src/temporal/applicants';
import * as applicants from '../../../src/temporal/applicants';
import * as pollers from '../../../src/temporal/task-queues';
import { createFixture } from './fixture';

jest.mock('../../../src/temporal/applicants', () => ({
  ...jest.requireActual('../../../src/temporal/applicants'),
  createApplicants: jest.fn(),
}));
jest.mock('../../../src/temporal/task-queues', () => ({ hasWorker: jest.fn() }));

const LINK = 'https://hapi.example/invite/secret';

/** Runs `chartway invitation POL-1` with these answers of Temporal. */
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
  const fixture = await createFixture({
    temporal: async () => ({}) as never,
    audit: async () => ({ record: async (entry) => void order.push(`audit ${JSON.stringify(entry)}`) }),
    print: (line) => void order.push(line),
  });
  const status = await fixture.run('invitation', 'POL-1', ...flags);
  return { status, order, messages: fixture.messages() };
}

const audited = (detail: string) =>
  `audit ${JSON.stringify({ who: 'cli:tester', did: 'invitation', clientUserId: 'POL-1', detail })}`;

test('prints the link after the audit log has recorded the act, and shows it neither there nor on stderr', async () => {
  const invitation = async () => ({ inviteLink: LINK, why: null });
  const { status, order, messages } = await run({ invitation });
  expect(order).toEqual([audited('shown'), LINK]);
  expect(status).toBe(0);
  expect(messages).not.toContain('secret');
  const { order: asJson } = await run({ invitation }, '--json');
  expect(asJson[1]).toBe(JSON.stringify({ clientUserId: 'POL-1', inviteLink: LINK, why: null }));
});

test.each([
  ['adopted', 'Human API does not return the link of an existing person'],
  ['not-invited-yet', 'is not invited yet'],
  ['closed', 'has closed'],
  ['not-returned', 'Human API returned no link'],
] as const)('without a link because of %s: status 1, and the reason', async (why, text) => {
  const { status, order, messages } = await run({ invitation: async () => ({ inviteLink: null, why }) }, '--json');
  expect(order).toEqual([audited(why), JSON.stringify({ clientUserId: 'POL-1', inviteLink: null, why })]);
  expect(status).toBe(1);
  expect(messages).toContain(text);
});

test('does not query a closed applicant, and reports an unknown one', async () => {
  const closed = await run({ open: false, isPolled: false, invitation: () => Promise.reject(new Error('queried')) });
  expect([closed.status, closed.order]).toEqual([1, [audited('closed')]]);
  const unknown = await run({});
  expect([unknown.status, unknown.order]).toEqual([1, [audited('unknown')]]);
  expect(unknown.messages).toContain('Temporal has no such applicant');
});

test('reports a missing worker with status 3, and one of an older version with 1', async () => {
  const noWorker = await run({ isPolled: false, invitation: () => Promise.reject(new Error('queried')) });
  expect([noWorker.status, noWorker.order]).toEqual([3, []]);
  expect(noWorker.messages).toContain('no worker polls the task queue');
  const old = await run({ invitation: () => Promise.reject(new QueryNotRegisteredError('no such query', 3)) });
  expect([old.status, old.order]).toEqual([1, [audited('unsupported')]]);
  expect(old.messages).toContain('upgrade the workers');
});
