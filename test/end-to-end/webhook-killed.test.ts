import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { createLazyClient } from '../../src/temporal/connection';
import { applicantWorkflowId, COLLECT_RECORDS } from '../../src/workflows/contract';
import { SeededRandom } from '../chaos/seeded-random';
import { until } from '../support/condition';
import { useFolders } from '../support/folders';
import { type RunningProcess, startProcess, useBuild } from '../support/processes';
import { freePort, startTemporalServer, type TemporalServer } from '../support/temporal-server';

/** Kills per run; `npm run test:chaos` sets more. */
const KILLS = Number(process.env['WEBHOOK_KILLS'] ?? '3');
const SEED = Number(process.env['WEBHOOK_KILLS_SEED'] ?? '7');
jest.setTimeout(120_000 + KILLS * 20_000);
const APPLICANTS = ['POL-0', 'POL-1', 'POL-2', 'POL-3', 'POL-4'];
const MAX_ARRAY_LENGTH = 20;
const SECRET = 'a-secret-of-the-test';

useBuild();
const newFolder = useFolders();
let folder: string;
let port: number;
let server: TemporalServer;
let client: Client;
let webhooks: RunningProcess[] = [];

beforeAll(async () => {
  folder = await newFolder();
  port = await freePort();
  server = await startTemporal();
  client = createLazyClient({ namespace: 'default', connection: { address: server.address } });
});
afterAll(async () => {
  await client?.connection.close();
  await server?.stop();
});

function startTemporal(): Promise<TemporalServer> {
  const searchAttributes = { HumanId: 'Keyword' };
  return startTemporalServer({ port, dbFile: join(folder, 'temporal.db'), searchAttributes });
}

function startWebhook(): Promise<RunningProcess> {
  return startProcess('webhook', folder, {
    TEMPORAL_ADDRESS: `127.0.0.1:${port}`,
    TASK_QUEUE: 'no-worker',
    WEBHOOK_PORT: '0',
    WEBHOOK_SECRET: SECRET,
    WEBHOOK_SPOOL: join(folder, 'spool'),
    LOG_LEVEL: 'warn',
  });
}

/** Sends notices to the current webhook at this index until `end`, and adds the acknowledged ones to `acked`. */
function startStream(index: number, acked: Set<string>) {
  let running = true;
  const random = new SeededRandom(SEED + 100 + index);
  const ended = (async () => {
    for (let n = 0; running; ) {
      const length = random.happens(0.8) ? 1 : 1 + random.below(MAX_ARRAY_LENGTH);
      const notices = Array.from({ length }, () => ({
        clientUserId: APPLICANTS[random.below(APPLICANTS.length)],
        humanId: 'h-1',
        property: 'status',
        value: `S-${index}-${n++}`,
      }));
      const url = `${webhooks[index]?.addresses[0]}/notifications/${SECRET}`;
      const answer = await fetch(url, { method: 'POST', body: JSON.stringify(notices) }).catch(() => null);
      const { accepted } = answer?.status === 200 ? ((await answer.json()) as { accepted: number }) : { accepted: 0 };
      if (accepted === notices.length) for (const { value } of notices) acked.add(value);
      // A killed webhook rejects at once: the pause leaves CPU time for the start of the next one.
      await new Promise((resolve) => setTimeout(resolve, answer === null ? 50 : 0));
    }
  })();
  return {
    end: () => {
      running = false;
      return ended;
    },
  };
}

/** Returns the statuses of all signals of the applicants. */
async function signalledStatuses(): Promise<Set<string>> {
  const values = await Promise.all(
    APPLICANTS.map(async (clientUserId) => {
      const { events } = await client.workflow.getHandle(applicantWorkflowId(clientUserId)).fetchHistory();
      return (events ?? []).flatMap(({ workflowExecutionSignaledEventAttributes: signal }) => {
        const data = signal?.input?.payloads?.[0]?.data;
        return data ? [(JSON.parse(Buffer.from(data).toString()) as { status: string }).status] : [];
      });
    }),
  );
  return new Set(values.flat());
}

test('webhooks that are killed at any moment, with and without Temporal, lose no acknowledged notice', async () => {
  for (const clientUserId of APPLICANTS) {
    await client.workflow.start(COLLECT_RECORDS, {
      workflowId: applicantWorkflowId(clientUserId),
      taskQueue: 'no-worker',
    });
  }
  webhooks = await Promise.all([startWebhook(), startWebhook()]);
  const acked = new Set<string>();
  const streams = webhooks.map((_webhook, index) => startStream(index, acked));
  const untilMore = (count: number) => {
    const total = acked.size + count;
    return until(`${count} more acknowledged notices`, () => acked.size >= total);
  };
  const random = new SeededRandom(SEED);
  for (let kill = 0; kill < KILLS; kill += 1) {
    await untilMore(21 + random.below(60));
    const outage = kill % 2 === 0;
    if (outage) {
      process.kill(server.pid, 'SIGKILL');
      await server.stop();
      await untilMore(21 + random.below(60)); // into the spool
    }
    const index = kill % webhooks.length;
    expect(await webhooks[index]?.stop('SIGKILL')).toBeNull();
    webhooks[index] = await startWebhook();
    if (outage) {
      await untilMore(1 + random.below(50));
      server = await startTemporal();
    }
  }
  await untilMore(20);
  for (const { end } of streams) await end();
  expect(acked.size).toBeGreaterThan(KILLS * 20);

  const missing = async () => {
    const signalled = await signalledStatuses();
    return [...acked].filter((value) => !signalled.has(value));
  };
  await until('every acknowledged notice', async () => (await missing()).length === 0).catch(async (error) => {
    throw new Error(`${error.message}: of ${acked.size}, ${(await missing()).length} are missing`);
  });
  const spoolFiles = async () =>
    (await readdir(join(folder, 'spool'), { recursive: true })).filter((name) => name !== '');
  await until('no segment left', async () => !(await spoolFiles()).some((name) => name.endsWith('.log')));
  for (const webhook of webhooks) expect(await webhook.stop()).toBe(0);
  expect(await spoolFiles()).toEqual([]); // no partition of a killed webhook, no quarantine
});
