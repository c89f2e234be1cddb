import type { temporal } from '@temporalio/proto';
import { HOUR_MS } from '../../src/domain/policy';
import { useSimulation } from '../simulation/follow';
import type { ApplicantUnderTest } from '../support/applicant-under-test';
import { type Change, provider } from '../support/fake-upstream';
import { BY_NOTICES } from '../support/policies';

const { follow } = useSimulation();

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

function setup(): Promise<ApplicantUnderTest> {
  const { clientUserId } = DETAILS;
  return follow(SCRIPT, { clientUserId, policy: BY_NOTICES, input: { details: DETAILS, detailsDigest: 'digest' } });
}

/** What the Temporal UI shows. */
async function readDetails({ handle }: ApplicantUnderTest): Promise<string> {
  const metadata = await handle.query<temporal.api.sdk.v1.IWorkflowMetadata>('__temporal_workflow_metadata');
  return metadata.currentDetails ?? '';
}

async function readAttributes({ handle }: ApplicantUnderTest): Promise<Record<string, unknown>> {
  return (await handle.describe()).searchAttributes;
}

test('the Temporal UI and the search attributes show the stage, its start and the outcome', async () => {
  const applicant = await setup();
  await applicant.sendNotices(SCRIPT.slice(0, 1));
  expect(await readDetails(applicant)).toMatch(
    /Stage: \*\*syncing\*\*, Human API says "Syncing"[\s\S]*Waiting for Human API to collect the records, until \d{4}-/,
  );
  const { stageSinceMs } = await applicant.state();
  expect(stageSinceMs).toBe(applicant.invitedAtMs + HOUR_MS);
  expect(await readAttributes(applicant)).toMatchObject({
    ApplicantStage: ['syncing'],
    ApplicantStageSince: [new Date(stageSinceMs)],
    HumanId: [applicant.humanId],
  });
  await applicant.sendNotices(SCRIPT.slice(1));
  await applicant.waitForEnd();
  expect(await readDetails(applicant)).toMatch(/Stage: \*\*closed\*\*[\s\S]*\*\*collected\*\*[\s\S]*stored: 3/);
  expect(await readAttributes(applicant)).toMatchObject({
    ApplicantStage: ['closed'],
    ApplicantOutcome: ['collected'],
  });
});

test('the UI, the search attributes, the state and the manifest contain no personal data', async () => {
  const applicant = await setup();
  await applicant.sendNotices(SCRIPT);
  await applicant.skipUntil(({ collection }) => collection.documents.length === 3, 1_000);
  const { manifest } = applicant;
  const visible = [await applicant.state(), await readDetails(applicant), await readAttributes(applicant), manifest];
  expect(JSON.stringify(visible)).not.toMatch(PERSONAL);
});

test('the text of an unknown status is not shown', async () => {
  const script = [{ afterMs: HOUR_MS, status: '<b>**[x](y)' }];
  const applicant = await follow(script, { policy: BY_NOTICES });
  await applicant.sendNotices(script);
  const details = await readDetails(applicant);
  expect(details).toContain('Stage: **invited**');
  expect(details).not.toContain('[x]');
});
