import type { Client } from '@temporalio/client';
import { applicantWorkflowId, mailboxWorkflowId, stateQuery } from '../../src/workflows/contract';
import { until } from '../support/condition';
import { Installation } from '../support/installation';
import { useBuild } from '../support/processes';
import { useTemporalServer } from '../support/temporal-server';
import { reportNotification } from '../webhook/webhook-fixture';
import { recordAfterClosing } from './record-after-closing';
import { type Recorded, removeHistories, writeHistories } from './recorded';

// Not a test: `npm run record` runs it with jest, because it uses the support files of the tests.

const RECORD_TIMEOUT_MS = 300_000;
/** Ten minutes of the story take 2.5 s; the policy fits to that. */
const STORY = {
  speed: 240,
  notices: 'sent',
  policy: {
    POLL_INVITED: '5s',
    POLL_ENGAGED: '5s',
    POLL_SYNCING: '5s',
    POLL_ATTENTION: '5s',
    POLL_SOME_SYNCED: '2s',
    POLL_DISCONNECTED: '5s',
    SETTLE_ALL_SYNCED: '4s',
    SETTLE_SOME_SYNCED: '6s',
    SETTLE_ERROR: '2s',
    INVITATION_EXPIRES_AFTER: '12s',
    APPLICANT_EXPIRES_AFTER: '2m',
  },
} as const;
/** So early that an applicant without incidents takes three runs. */
const CONTINUE_AFTER_EVENTS = 40;

useBuild();
const temporal = useTemporalServer();

jest.setTimeout(RECORD_TIMEOUT_MS);

test('records every persona, a cancelled applicant, second rounds, a mailbox and a continue-as-new', async () => {
  const recorded = await Promise.all([recordPersonas(), recordContinueAsNew(), recordSecondRounds()]);
  removeHistories();
  writeHistories(recorded.flat());
});

test('records the workflows after a closing', async () => writeHistories(await recordAfterClosing(temporal())));

async function recordPersonas(): Promise<Recorded[]> {
  return onServer([], async (installation) => {
    const { client, upstream } = installation;
    const personas = (await upstream.personas()).map(({ name }) => name);
    const people = [...personas, 'cancelled'];
    await installation.startSamples(
      people.map((name) => ({ clientUserId: name, as: name === 'cancelled' ? 'silent' : name })),
    );
    const mailbox = await cancelAfterMailbox(installation);
    await Promise.all(personas.map((name) => installation.waitForEnd(name)));
    const applicants = people.map(async (name) => ({
      name,
      history: await client.workflow.getHandle(applicantWorkflowId(name)).fetchHistory(),
    }));
    return [mailbox, ...(await Promise.all(applicants))];
  });
}

/** A report notice before any status notice goes to the mailbox. Then an operator cancels the applicant. */
async function cancelAfterMailbox(installation: Installation): Promise<Recorded> {
  const { client } = installation;
  const applicant = client.workflow.getHandle(applicantWorkflowId('cancelled'));
  const invited = async () => (await applicant.query(stateQuery)).humanId;
  const humanId = await until('the invitation to be answered', invited);
  const notice = reportNotification({ humanId, updatedAt: new Date().toISOString() });
  expect(await installation.notify([notice])).toEqual({ accepted: 1, ignored: 0 });
  const mailbox = client.workflow.getHandle(mailboxWorkflowId(humanId));
  await mailbox.result();
  await applicant.cancel();
  await applicant.result().catch(() => undefined);
  return { name: 'mailbox', history: await mailbox.fetchHistory() };
}

/** Applicants whose clientUserId exists upstream: with the same e-mail, or with another one. */
async function recordSecondRounds(): Promise<Recorded[]> {
  return onServer([], async (installation) => {
    const names = ['adopted', 'conflict'];
    const handles = names.map((name) => installation.client.workflow.getHandle(applicantWorkflowId(name)));
    await installation.startSamples(names.map((clientUserId) => ({ clientUserId, as: 'silent' })));
    for (const applicant of handles) {
      await until('the invitation', async () => (await applicant.query(stateQuery)).humanId);
      await applicant.terminate();
    }
    const again = [
      { clientUserId: 'adopted', as: 'silent' },
      { clientUserId: 'conflict', as: 'eager' },
    ];
    expect(await installation.startApplicants(again, ['--again'])).toEqual(['started', 'started']);
    await Promise.all(names.map((name) => installation.waitForEnd(name)));
    return Promise.all(
      handles.map(async (applicant, at) => ({ name: names[at] ?? '', history: await applicant.fetchHistory() })),
    );
  });
}

async function recordContinueAsNew(): Promise<Recorded[]> {
  const early = ['--dynamic-config-value', `limit.historyCount.suggestContinueAsNew=${CONTINUE_AFTER_EVENTS}`];
  return onServer(early, async (installation) => {
    await installation.startSamples([{ clientUserId: 'handed-over', as: 'eager' }]);
    await installation.waitForEnd('handed-over');
    return runsOf(installation.client, applicantWorkflowId('handed-over'));
  });
}

/** The history of every run of a workflow, the first one first: each names the next. */
async function runsOf(client: Client, workflowId: string): Promise<Recorded[]> {
  const description = await client.workflow.getHandle(workflowId).describe();
  const runs: Recorded[] = [];
  for (let runId = description.raw.workflowExecutionInfo?.firstRunId; runId; ) {
    const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    runs.push({ name: `handed-over-${runs.length + 1}`, history });
    runId = history.events?.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId;
  }
  return runs;
}

async function onServer(
  temporalArguments: readonly string[],
  record: (installation: Installation) => Promise<Recorded[]>,
): Promise<Recorded[]> {
  const installation = await Installation.start({ ...STORY, temporalArguments });
  try {
    await installation.startWorker();
    return await record(installation);
  } finally {
    await installation.remove();
  }
}
