import { temporal } from '@temporalio/proto';
import { HOUR_MS } from '../../src/domain/policy';
import type { ApplicantUnderTest } from '../support/applicant-under-test';
import { type Change, provider } from '../support/fake-upstream';
import { BY_NOTICES } from '../support/policies';
import { timeSkipping } from '../support/time-skipping';

const { follow } = timeSkipping();

const DETAILS = {
  clientUserId: 'POL-display',
  clientUserEmail: 'maxine.mustermann@example.org',
  firstName: 'Maxine',
  lastName: 'Mustermann',
  dateOfBirth: '1971-02-03',
  suggestedSources: ['Starfleet Medical'],
};
const PERSONAL = /maxine|mustermann|example\.org|1971|starfleet/i;
const SCRIPT: readonly Change[] = [
  { afterMs: HOUR_MS, status: 'Syncing' },
  { afterMs: 2 * HOUR_MS, status: 'All Synced', reports: provider('A') },
];

async function setup(): Promise<ApplicantUnderTest> {
  return follow(SCRIPT, {
    clientUserId: DETAILS.clientUserId,
    policy: BY_NOTICES,
    input: { details: DETAILS, detailsDigest: 'digest' },
  });
}

/** What the Temporal UI shows of a run. */
async function currentDetailsOf({ handle }: ApplicantUnderTest): Promise<string> {
  const metadata = await handle.query<temporal.api.sdk.v1.IWorkflowMetadata>('__temporal_workflow_metadata');
  return metadata.currentDetails ?? '';
}

async function searchAttributesOf({ handle }: ApplicantUnderTest): Promise<Record<string, unknown>> {
  return (await handle.describe()).searchAttributes;
}

test('what is shown of an applicant says where it stands, in business words', async () => {
  const applicant = await setup();
  await applicant.sendNotices(SCRIPT.slice(0, 1));
  expect(await currentDetailsOf(applicant)).toMatch(
    /Stage: \*\*syncing\*\*, Human API says "Syncing"[\s\S]*Waiting for Human API to collect the records, until \d{4}-/,
  );
  expect(await searchAttributesOf(applicant)).toMatchObject({
    ApplicantStage: ['syncing'],
    ApplicantStageSince: [expect.any(Date)],
    HumanId: [applicant.humanId],
  });
  await applicant.sendNotices(SCRIPT.slice(1));
  await applicant.waitForEnd();
  expect(await currentDetailsOf(applicant)).toMatch(/Stage: \*\*closed\*\*[\s\S]*\*\*collected\*\*[\s\S]*stored: 3/);
  expect(await searchAttributesOf(applicant)).toMatchObject({
    ApplicantStage: ['closed'],
    ApplicantOutcome: ['collected'],
  });
});

test('the time of a stage is the time of its beginning', async () => {
  const applicant = await setup();
  await applicant.sendNotices(SCRIPT.slice(0, 1));
  const { stageSinceMs } = await applicant.state();
  expect(stageSinceMs).toBeGreaterThanOrEqual(applicant.invitedAtMs + HOUR_MS);
  expect((await searchAttributesOf(applicant))['ApplicantStageSince']).toEqual([new Date(stageSinceMs)]);
});

test('nothing personal is shown, searched by or told in the state', async () => {
  const applicant = await setup();
  await applicant.sendNotices(SCRIPT);
  await applicant.skipUntil(({ collection }) => collection.documents.length === 3, 1_000);
  for (const shown of [
    await applicant.state(),
    await currentDetailsOf(applicant),
    await searchAttributesOf(applicant),
    applicant.manifest,
  ]) {
    expect(JSON.stringify(shown)).not.toMatch(PERSONAL);
  }
});

test('of what goes into the history, only the start and the invitation know the person', async () => {
  const applicant = await setup();
  await applicant.sendNotices(SCRIPT);
  await applicant.waitForEnd();
  const { events } = await applicant.handle.fetchHistory();
  const knowing = (events ?? []).filter((event) =>
    PERSONAL.test(Buffer.from(temporal.api.history.v1.HistoryEvent.encode(event).finish()).toString('utf8')),
  );
  expect(knowing.map((event) => event.activityTaskScheduledEventAttributes?.activityType?.name ?? 'start')).toEqual([
    'start',
    'invite',
  ]);
});

test("a status that we do not know is upstream's text, and is not shown", async () => {
  const status = '<b>**[x](y)';
  const applicant = await follow([{ afterMs: HOUR_MS, status }], { policy: BY_NOTICES });
  await applicant.sendNotices([{ afterMs: HOUR_MS, status }]);
  const details = await currentDetailsOf(applicant);
  expect(details).toContain('says something else than a status that we know');
  expect(details).not.toContain('[x]');
});
