import type { PayloadCodec } from '@temporalio/common';
import { DEFAULT_POLICY } from '../../src/domain/policy';
import { createFolderStore } from '../../src/report-store/folder/store';
import { createApplicants } from '../../src/temporal/applicants';
import { createDataConverter } from '../../src/temporal/data-converter';
import { generateKey } from '../../src/temporal/key-ring';
import { useCleanup } from '../support/cleanup';
import { until } from '../support/condition';
import { FakeUpstream } from '../support/fake-upstream';
import { useFolders } from '../support/folders';
import { keyRingOf } from '../support/keys';
import { useTemporalServer } from '../support/temporal-server';
import { startWorkers } from '../support/workers';

/** A second each: the server retries no sooner. */
const POLLS = 5;

const { dataConverter, countEncrypted } = createCounter();
const temporal = useTemporalServer({ dataConverter });
const newFolder = useFolders();
const addCleanup = useCleanup();

/** A data converter that counts the payloads it encrypts. */
function createCounter() {
  const converter = createDataConverter({ ring: keyRingOf(generateKey('k')), encrypts: true }, 'default') ?? {};
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
  return { dataConverter: { ...converter, payloadCodecs: [counted] }, countEncrypted: () => encrypted };
}

test('a poll without news encrypts two payloads: its progress and its failure (decision 0020)', async () => {
  const { address, client } = temporal();
  const upstream = new FakeUpstream();
  const reportStore = createFolderStore(await newFolder());
  await reportStore.init();
  const taskQueue = 'payload-count';
  addCleanup(await startWorkers({ address, client, taskQueue, upstream, dataConverter, reportStore }));
  const details = { clientUserId: 'POL-1', clientUserEmail: 'max@example.org', suggestedSources: [] };
  const policy = { ...DEFAULT_POLICY, pollMs: { ...DEFAULT_POLICY.pollMs, invited: 20 } };
  await createApplicants({ client, taskQueue }).start({ details, detailsDigest: 'd', policy });
  const polled = (count: number) => until(`${count} polls`, () => upstream.count('readStatus') >= count);
  await polled(1);
  const before = { payloads: countEncrypted(), polls: upstream.count('readStatus') };
  await polled(before.polls + POLLS);
  const polls = upstream.count('readStatus') - before.polls;
  const perPoll = (countEncrypted() - before.payloads) / polls;
  // Each count may be read during a poll.
  expect(Math.round(perPoll)).toBe(2);
});
