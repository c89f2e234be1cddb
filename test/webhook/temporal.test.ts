import type { Client } from '@temporalio/client';
import { createLazyClient } from '../../src/temporal/connection';
import { createNoticeSender } from '../../src/temporal/notices';
import { applicantWorkflowId, COLLECT_RECORDS, mailboxWorkflowId } from '../../src/workflows/contract';
import { freePort, startTemporalServer, type TemporalServer } from '../support/temporal-server';
import { HUMAN_ID, reportNotification, startWebhook, statusNotification, timed } from './webhook-fixture';

let webhook: Awaited<ReturnType<typeof startWebhook>>;
let client: Client;
let server: TemporalServer | undefined;
let port: number;

beforeAll(async () => {
  port = await freePort();
  client = createLazyClient({ namespace: 'default', connection: { address: `127.0.0.1:${port}` } });
  webhook = await startWebhook({
    sender: createNoticeSender({ client, taskQueue: 'nobody', refreshForMs: 60_000 }),
    secrets: ['s3cret'],
  });
});

afterAll(async () => {
  await webhook.stop();
  await client.workflow.getHandle(mailboxWorkflowId(HUMAN_ID)).terminate();
  await webhook.idle();
  // The connection stays open, as in src/webhook.ts: a timer of the SDK throws if it closes between two attempts of a call.
  await server?.stop();
});

test('before there is a Temporal the webhook answers in time; once there is one, it takes the same notices', async () => {
  const post = (notices: unknown) => webhook.post(notices, '/notifications/s3cret');
  const [unanswered, , ownMs] = await timed(() => post([statusNotification(), {}]));
  expect(unanswered.status).toBe(503);
  expect(ownMs).toBeLessThan(2_500);
  expect((await webhook.send('/healthz', { method: 'GET' })).status).toBe(200);
  expect((await post({})).json).toEqual({ accepted: 0, ignored: 1 });

  server = await startTemporalServer({ port, searchAttributes: { HumanId: 'Keyword' } });
  let reply = await post(statusNotification());
  for (const deadlineMs = Date.now() + 30_000; reply.status !== 200 && Date.now() < deadlineMs; ) {
    reply = await post(statusNotification());
  }
  expect(reply.json).toEqual({ accepted: 0, ignored: 1 }); // no applicant has this id

  const applicant = await client.workflow.start(COLLECT_RECORDS, {
    workflowId: applicantWorkflowId('POL-20417'),
    taskQueue: 'nobody',
    searchAttributes: { HumanId: [HUMAN_ID] },
  });
  expect((await post([reportNotification(), 'junk'])).json).toEqual({ accepted: 1, ignored: 1 });
  const mailbox = await client.workflow.getHandle(mailboxWorkflowId(HUMAN_ID)).describe();
  expect(mailbox.status.name).toBe('RUNNING');

  expect((await post(statusNotification())).json).toEqual({ accepted: 1, ignored: 0 });
  expect((await post(statusNotification())).json).toEqual({ accepted: 1, ignored: 0 });
  const signals = async () => {
    const { events } = await applicant.fetchHistory();
    return (events ?? []).flatMap(({ workflowExecutionSignaledEventAttributes: signal }) => signal?.signalName ?? []);
  };
  // The applicant has confirmed the pair by now or soon: then its report notices come to it directly.
  for (let n = 0; !(await signals()).includes('reportNotice'); n += 1) {
    expect(n).toBeLessThan(100);
    await post(reportNotification({ objectId: `r-${n}` }));
  }
  expect(await signals()).toEqual(['statusNotice', 'reportNotice']);
});
