import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import type { PayloadCodec } from '@temporalio/common';
import { DAY_MS, DEFAULT_POLICY } from '../../src/domain/policy';
import { createFolderStore } from '../../src/report-store/folder/store';
import { createApplicants } from '../../src/temporal/applicants';
import { createDataConverter } from '../../src/temporal/data-converter';
import { generateKey, parseKeyRing } from '../../src/temporal/key-ring';
import { until } from '../support/condition';
import { FakeUpstream } from '../support/fake-upstream';
import { APPLICANTS_ATTRIBUTES, startTemporalServer, type TemporalServer } from '../support/temporal-server';
import { startWorkers } from '../support/workers';

/** A second each: the server retries no sooner. */
const POLLS = 5;

let server: TemporalServer;
let folder: string;
let stop = async () => {};
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chartway-payload-count-'));
  server = await startTemporalServer({ searchAttributes: APPLICANTS_ATTRIBUTES });
});
afterAll(async () => {
  await stop();
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** A data converter that counts the payloads it encrypts. */
function createCounter() {
  const converter = createDataConverter({ ring: parseKeyRing(generateKey('k')), encrypts: true }, 'default') ?? {};
  const [codec] = converter.payloadCodecs ?? [];
  if (!codec) throw new Error('expected a codec');
  let encrypted = 0;
  const counted: PayloadCodec = {
    encode: (payloads, context) => {
      encrypted += payloads.length;
      return codec.encode(payloads, context);
    },
    decode: (payloads, context) => codec.decode(payloads, context),
  };
  return { dataConverter: { ...converter, payloadCodecs: [counted] }, encrypted: () => encrypted };
}

test('a poll without news encrypts two payloads: its progress and its failure (decision 0020)', async () => {
  const { dataConverter, encrypted } = createCounter();
  const connection = await Connection.connect({ address: server.address });
  const client = new Client({ connection, dataConverter });
  const upstream = new FakeUpstream();
  const reportStore = createFolderStore(folder);
  await reportStore.init();
  const taskQueue = 'payload-count';
  const stopCarrier = await startWorkers({
    ...{ address: server.address, client, taskQueue, upstream, dataConverter },
    ...{ reportStore, refreshForMs: 30 * DAY_MS },
  });
  stop = async () => {
    await stopCarrier();
    await connection.close();
  };
  const details = { clientUserId: 'POL-1', clientUserEmail: 'max@example.org', suggestedSources: [] };
  const policy = { ...DEFAULT_POLICY, pollMs: { ...DEFAULT_POLICY.pollMs, invited: 20 } };
  await createApplicants({ client, taskQueue }).start({
    ...{ details, detailsDigest: 'd', policy, again: false, batch: false },
  });
  const polled = (count: number) =>
    until(`${count} polls`, async () => (upstream.count('readStatus') >= count ? true : undefined));
  await polled(1);
  const before = { payloads: encrypted(), polls: upstream.count('readStatus') };
  await polled(before.polls + POLLS);
  const polls = upstream.count('readStatus') - before.polls;
  const perPoll = (encrypted() - before.payloads) / polls;
  // Each count may be read during a poll.
  expect(Math.round(perPoll)).toBe(2);
});
