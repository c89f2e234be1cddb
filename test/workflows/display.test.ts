import { HOUR_MS, SECOND_MS } from '../../src/domain/policy';
import { useSimulation } from '../simulation/follow';
import { readDetails } from '../support/applicant-under-test';
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
const PERSONAL = /maxine|mustermann|example\.org|1971-\d\d-\d\d|starfleet/i;
const SCRIPT: readonly Change[] = [
  { afterMs: HOUR_MS, status: 'Syncing' },
  { afterMs: 2 * HOUR_MS, status: 'All Synced', reports: provider('A') },
];

test('the UI and the search attributes show the stage, its start and the outcome, and nothing shows personal data', async () => {
  const { clientUserId } = DETAILS;
  const input = { details: DETAILS, detailsDigest: 'digest' };
  const applicant = await follow(SCRIPT, { clientUserId, policy: BY_NOTICES, input });
  const read = async () => {
    const { searchAttributes: attributes } = await applicant.handle.describe();
    return { state: await applicant.state(), details: await readDetails(applicant.handle), attributes };
  };
  await applicant.sendNotices(SCRIPT.slice(0, 1));
  const syncing = await read();
  expect(syncing.details).toMatch(
    /Stage: \*\*syncing\*\*, Human API reports "Syncing"[\s\S]*Waiting for Human API to collect the records, until \d{4}-/,
  );
  const { stageSinceMs } = syncing.state;
  expect(stageSinceMs).toBe(applicant.invitedAtMs + HOUR_MS);
  expect(syncing.attributes).toMatchObject({
    ApplicantStage: ['syncing'],
    ApplicantStageSince: [new Date(stageSinceMs)],
    HumanId: [applicant.humanId],
  });
  await applicant.sendNotices(SCRIPT.slice(1));
  await applicant.skipUntil(({ collection }) => collection.documents.length === 3, SECOND_MS);
  const collecting = await read();
  await applicant.waitForEnd();
  const closed = await read();
  expect(closed.details).toMatch(/Stage: \*\*closed\*\*[\s\S]*\*\*collected\*\*[\s\S]*stored: 3/);
  expect(closed.attributes).toMatchObject({ ApplicantStage: ['closed'], ApplicantOutcome: ['collected'] });
  expect(JSON.stringify([syncing, collecting, closed, applicant.store.written])).not.toMatch(PERSONAL);
});

test('the text of an unknown status is not shown', async () => {
  const script = [{ afterMs: HOUR_MS, status: '<b>**[x](y)' }];
  const applicant = await follow(script, { policy: BY_NOTICES });
  await applicant.sendNotices(script);
  const details = await readDetails(applicant.handle);
  expect(details).toContain('Stage: **invited**');
  expect(details).not.toContain('[x]');
});
