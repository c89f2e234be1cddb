import { looker } from '../../src/dev/sightings';
import type { ApplicantRun } from '../../src/domain/applicant-run';
import { emptyCollection } from '../../src/domain/collection';
import type { Applicants } from '../../src/temporal/applicants';
import type { ApplicantState } from '../../src/workflows/contract';

const LISTED: ApplicantRun = {
  clientUserId: 'POL-1',
  workflowId: 'applicant-POL-1',
  runId: 'r1',
  standing: 'open',
  humanId: null,
  stage: 'syncing',
  outcome: null,
  startedAtMs: 7,
  closedAtMs: null,
};

function setup(now: Partial<ApplicantState> | Error) {
  const state = jest.fn(async () => {
    if (now instanceof Error) throw now;
    return { collection: emptyCollection(), outcome: null, reason: null, ...now } as ApplicantState;
  });
  const read: Applicants['read'] = async (clientUserId) =>
    clientUserId === 'POL-unknown'
      ? null
      : {
          ...{ clientUserId, humanId: null, workflowId: `applicant-${clientUserId}`, runId: 'r' },
          ...{ standing: 'ended', startedAtMs: 0, closedAtMs: 1 },
          ...{ stage: 'closed', outcome: 'failed', reason: 'conflict' },
        };
  return { state, look: looker({ readState: state, read }) };
}

test('an applicant is seen with its stage, its documents, and what it waits for until when', async () => {
  const { look } = setup({ stage: 'syncing', status: 'Syncing', waitingFor: 'records', waitingUntilMs: 9 });
  expect(await look([LISTED], [])).toEqual([
    expect.objectContaining({
      ...{ clientUserId: 'POL-1', startedAtMs: 7, stage: 'syncing', status: 'Syncing', outcome: null },
      ...{ waitingFor: 'records', waitingUntilMs: 9, documents: 0 },
    }),
  ]);
});

test('an outcome counts when the applicant is closed, not before', async () => {
  const early = setup({ stage: 'collecting', outcome: 'collected' });
  expect((await early.look([LISTED], []))[0]?.outcome).toBeNull();
  const late = setup({ stage: 'closed', outcome: 'collected' });
  expect((await late.look([LISTED], []))[0]?.outcome).toBe('collected');
});

test('an applicant that no worker can answer for is seen as Temporal lists it', async () => {
  const { look } = setup(new Error('no worker'));
  const [open, closed] = await look([LISTED, { ...LISTED, standing: 'ended', stage: 'closed', outcome: 'failed' }], []);
  expect(open).toMatchObject({ stage: 'syncing', outcome: null, reason: null, documents: null });
  expect(closed).toMatchObject({ stage: 'closed', outcome: 'failed', reason: 'conflict', documents: null });
});

test('a closed run is asked once, a new one of the same applicant again', async () => {
  const { look, state } = setup({ stage: 'closed', outcome: 'collected' });
  await look([LISTED], []);
  await look([LISTED], []);
  expect(state).toHaveBeenCalledTimes(1);
  await look([{ ...LISTED, runId: 'r2' }], []);
  expect(state).toHaveBeenCalledTimes(2);
});

test('who is not listed, or not yet, is looked for by name where somebody waits for them', async () => {
  const { look } = setup({ stage: 'closed', outcome: 'collected' });
  expect((await look([LISTED], ['POL-1', 'POL-2', 'POL-unknown'])).map(({ clientUserId }) => clientUserId)).toEqual([
    'POL-1',
    'POL-2',
  ]);
});
