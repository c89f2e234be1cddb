import { looker } from '../../src/dev/sightings';
import { emptyCollection } from '../../src/domain/collection';
import type { Applicants } from '../../src/temporal/applicants';
import type { ApplicantState } from '../../src/workflows/contract';

const RUN = { clientUserId: 'POL-1', runId: 'r1' };

function setup(now: Partial<ApplicantState> | Error) {
  const state = jest.fn(async () => {
    if (now instanceof Error) throw now;
    return { collection: emptyCollection(), outcome: null, reason: null, ...now } as ApplicantState;
  });
  const read: Applicants['read'] = async (clientUserId) => ({
    clientUserId,
    workflowId: `applicant-${clientUserId}`,
    open: true,
    stage: 'syncing',
    outcome: null,
    reason: null,
  });
  return { state, look: looker({ state, read }) };
}

test('an applicant is seen with its stage and its documents', async () => {
  const { look } = setup({ stage: 'syncing' });
  expect(await look([RUN])).toEqual([
    { clientUserId: 'POL-1', stage: 'syncing', outcome: null, reason: null, documents: 0 },
  ]);
});

test('an outcome counts when the applicant is closed, not before', async () => {
  const early = setup({ stage: 'collecting', outcome: 'collected' });
  expect((await early.look([RUN]))[0]?.outcome).toBeNull();
  const late = setup({ stage: 'closed', outcome: 'collected' });
  expect((await late.look([RUN]))[0]?.outcome).toBe('collected');
});

test('an applicant that no worker can answer for is seen as Temporal lists it', async () => {
  const { look } = setup(new Error('no worker'));
  expect(await look([RUN])).toEqual([
    { clientUserId: 'POL-1', stage: 'syncing', outcome: null, reason: null, documents: null },
  ]);
});

test('a closed run is asked once, a new one of the same applicant again', async () => {
  const { look, state } = setup({ stage: 'closed', outcome: 'collected' });
  await look([RUN]);
  await look([RUN]);
  expect(state).toHaveBeenCalledTimes(1);
  await look([{ ...RUN, runId: 'r2' }]);
  expect(state).toHaveBeenCalledTimes(2);
});
