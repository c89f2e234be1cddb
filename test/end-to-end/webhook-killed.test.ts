import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { createLazyClient } from '../../src/temporal/connection';
import { applicantWorkflowId, COLLECT_RECORDS } from '../../src/workflows/contract';
import { until } from '../support/condition';
import { BUILD_TIMEOUT_MS, ensureBuilt, killLeftOvers, type RunningProcess, startProcess } from '../support/processes';
import { freePort, startTemporalServer, type TemporalServer } from '../support/temporal-server';

/** How often a webhook is killed; `npm run test:chaos` sets more. */
const KILLS = Number(process.env['WEBHOOK_KILLS'] ?? '3');
/** Repeats the moments of a run. */
const SEED = Number(process.env['WEBHOOK_KILLS_SEED'] ?? '7');
const TEST_TIMEOUT_MS = 120_000 + KILLS * 20_000;
const STEP_TIMEOUT_MS = 60_000;
const APPLICANTS = ['POL-0', 'POL-1', 'POL-2', 'POL-3', 'POL-4'];
const LARGEST_ARRAY = 20;
const SECRET = 'test-notices-of-ours';

let folder: string;
let port: number;
let server: TemporalServer;
let client: Client;
let webhooks: RunningProcess[] = [];

beforeAll(ensureBuilt, BUILD_TIMEOUT_MS);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chartway-killed-'));
  port = await freePort();
  server = await startTemporal();
  client = createLazyClient({ namespace: 'default', connection: { address: server.address } });
}, TEST_TIMEOUT_MS);

afterEach(async () => {
  await killLeftOvers();
  await client.connection.close();
  await server.stop();
  await rm(folder, { recursive: true, force: true });
}, TEST_TIMEOUT_MS);

function startTemporal(): Promise<TemporalServer> {
  const searchAttributes = { HumanId: 'Keyword' };
  return startTemporalServer({ port, dbFile: join(folder, 'temporal.db'), searchAttributes });
}

function startWebhook(): Promise<RunningProcess> {
  return startProcess('webhook', folder, {
    TEMPORAL_ADDRESS: `127.0.0.1:${port}`,
    TASK_QUEUE: 'nobody',
    WEBHOOK_PORT: '0',
    WEBHOOK_SECRET: SECRET,
    WEBHOOK_SPOOL: join(folder, 'spool'),
    LOG_LEVEL: 'warn',
  });
}

/** Numbers from 0 to below 1, the same for the same seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Streams notices to the webhook in this place, whichever it is at the moment, and notes the acknowledged ones. */
function stream(place: number, acked: Set<string>) {
  let going = true;
  const random = randomFrom(SEED + 100 + place);
  const ended = (async () => {
    for (let n = 0; going; ) {
      const notices = Array.from({ length: random() < 0.8 ? 1 : Math.ceil(random() * LARGEST_ARRAY) }, () => ({
        clientUserId: APPLICANTS[Math.floor(random() * APPLICANTS.length)],
        humanId: 'h-1',
        property: 'status',
        value: `S-${place}-${n++}`,
      }));
      const url = `${webhooks[place]?.addresses[0]}/notifications/${SECRET}`;
      const answer = await fetch(url, { method: 'POST', body: JSON.stringify(notices) }).catch(() => null);
      const { accepted } = answer?.status === 200 ? ((await answer.json()) as { accepted: number }) : { accepted: 0 };
      if (accepted === notices.length) for (const { value } of notices) acked.add(value);
      // A killed one refuses at once, and the loop must not starve whoever starts the next.
      await new Promise((resolve) => setTimeout(resolve, answer === null ? 50 : 0));
    }
  })();
  return {
    end: () => {
      going = false;
      return ended;
    },
  };
}

/** What the applicants were told, over all. */
async function signalled(): Promise<Set<string>> {
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

test(
  'webhooks killed at any moment, while Temporal comes and goes, lose no notice that they acknowledged',
  async () => {
    for (const clientUserId of APPLICANTS) {
      await client.workflow.start(COLLECT_RECORDS, {
        workflowId: applicantWorkflowId(clientUserId),
        taskQueue: 'nobody',
      });
    }
    webhooks = await Promise.all([startWebhook(), startWebhook()]);
    const acked = new Set<string>();
    const streams = webhooks.map((_webhook, place) => stream(place, acked));
    const more = (count: number) => {
      const enough = acked.size + count;
      return until(`${count} more acknowledged notices`, STEP_TIMEOUT_MS, () => acked.size >= enough);
    };
    const random = randomFrom(SEED);
    for (let kill = 0; kill < KILLS; kill += 1) {
      await more(20 + Math.ceil(random() * 60));
      const outage = kill % 2 === 0;
      if (outage) {
        process.kill(server.pid, 'SIGKILL');
        await server.stop();
        await more(20 + Math.ceil(random() * 60)); // the spool takes them
      }
      const place = kill % webhooks.length;
      expect(await webhooks[place]?.end('SIGKILL')).toBeNull();
      webhooks[place] = await startWebhook();
      if (outage) {
        await more(Math.ceil(random() * 50));
        server = await startTemporal();
      }
    }
    await more(20);
    for (const { end } of streams) await end();
    expect(acked.size).toBeGreaterThan(KILLS * 20);

    const missing = async () => {
      const there = await signalled();
      return [...acked].filter((value) => !there.has(value));
    };
    await until('every acknowledged notice', STEP_TIMEOUT_MS, async () => (await missing()).length === 0).catch(
      async (error) => {
        throw new Error(`${error.message}: of ${acked.size}, ${(await missing()).length} are missing`);
      },
    );
    const left = async () => (await readdir(join(folder, 'spool'), { recursive: true })).filter((name) => name !== '');
    await until('no segment left', STEP_TIMEOUT_MS, async () => !(await left()).some((name) => name.endsWith('.log')));
    for (const webhook of webhooks) expect(await webhook.end()).toBe(0);
    expect(await left()).toEqual([]); // no part of a dead one, nothing in quarantine
  },
  TEST_TIMEOUT_MS,
);
