import type { temporal } from '@temporalio/proto';
import { DAY_MS, DEFAULT_POLICY, HOUR_MS, MINUTE_MS } from '../../src/domain/policy';
import { UNDECIDED } from '../../src/human-api/undecided-reasons';
import { Undecided } from '../../src/upstream/errors';
import { useSimulation } from '../simulation/follow';
import type { ApplicantUnderTest } from '../support/applicant-under-test';
import { FakeUpstream, facts, type Route } from '../support/fake-upstream';

const { followOn, nowMs } = useSimulation();

const WHY = UNDECIDED.unidentified404;
/** A year: longer than anybody is waited for. */
const FOR_EVER_MS = 365 * DAY_MS;

/** A gateway that answers a route in the form of upstream's envelopes, from and until so long after the start. */
async function withGateway(
  route: Route,
  fromMs: number,
  untilMs: number,
  policy = DEFAULT_POLICY,
): Promise<ApplicantUnderTest> {
  const humanApi = new FakeUpstream([]);
  const startMs = await nowMs();
  const when = (atMs: number) => atMs >= startMs + fromMs && atMs < startMs + untilMs;
  humanApi.faults.push({ route, error: new Undecided(facts(404), WHY), when });
  return followOn(humanApi, { policy });
}

async function currentDetailsOf({ handle }: ApplicantUnderTest): Promise<string> {
  const metadata = await handle.query<temporal.api.sdk.v1.IWorkflowMetadata>('__temporal_workflow_metadata');
  return metadata.currentDetails ?? '';
}

test('an applicant whose reads decide nothing shows as stuck with the reason, costs no more history, and goes on after the first that does', async () => {
  const applicant = await withGateway('readStatus', HOUR_MS, 2 * DAY_MS);
  const state = await applicant.skipUntil(({ stuck }) => stuck !== null);
  expect(state).toMatchObject({ stuck: WHY, outcome: null, stage: 'invited' });
  expect(await currentDetailsOf(applicant)).toContain(`**Stuck**: Human API answers ${WHY}.`);
  const events = await applicant.countEvents();
  await applicant.skipTo(2 * DAY_MS - MINUTE_MS);
  expect(await applicant.state()).toMatchObject({ stuck: WHY, outcome: null });
  expect(await applicant.countEvents()).toBeLessThanOrEqual(events + 1);
  expect(applicant.routes()).not.toContain('withdraw');
  await applicant.skip(6 * HOUR_MS);
  expect(await applicant.state()).toMatchObject({ stuck: null, outcome: null, stage: 'invited' });
  expect(await currentDetailsOf(applicant)).not.toContain('Stuck');
});

test('no deadline acts while answers decide nothing', async () => {
  const policy = { ...DEFAULT_POLICY, expiresMs: { invitation: DAY_MS, applicant: DAY_MS } };
  const applicant = await withGateway('readStatus', HOUR_MS, FOR_EVER_MS, policy);
  await applicant.skipTo(2 * DAY_MS);
  expect(await applicant.state()).toMatchObject({ stuck: WHY, outcome: null });
  expect(applicant.routes()).not.toContain('withdraw');
});

test('a withdrawal goes on until upstream itself confirms it, and shows as stuck meanwhile', async () => {
  const applicant = await withGateway('withdraw', 0, DAY_MS);
  await applicant.waitForInvitation();
  await applicant.handle.cancel();
  expect(await applicant.skipUntil(({ stuck }) => stuck !== null)).toMatchObject({ stuck: WHY, outcome: null });
  expect(await currentDetailsOf(applicant)).toContain('Waiting for Human API to withdraw the person');
  await applicant.skipTo(DAY_MS + 10 * MINUTE_MS);
  expect(applicant.humanApi.people).toMatchObject([{ deleted: true }]);
  expect((await applicant.handle.describe()).status.name).toBe('CANCELLED');
  expect(applicant.manifest).toMatchObject({ outcome: 'cancelled' });
});

test('an applicant whose look-ups decide nothing is not invited and shows as stuck; once they do, exactly one person is', async () => {
  const applicant = await withGateway('findPeople', 0, HOUR_MS);
  expect(await applicant.skipUntil(({ stuck }) => stuck !== null)).toMatchObject({ stuck: WHY, stage: 'inviting' });
  expect(applicant.humanApi.count('invite')).toBe(0);
  expect(await applicant.skipUntil(({ humanId }) => humanId !== null)).toMatchObject({ stuck: null, stage: 'invited' });
  expect(applicant.humanApi.people).toHaveLength(1);
});
