import { join } from 'node:path';
import { until } from '../support/condition';
import { Installation } from '../support/installation';
import { BUILD_TIMEOUT_MS, ensureBuilt, killLeftOvers } from '../support/processes';
import { filesIn, readStored } from '../support/stored';
import { startTemporalServer, type TemporalServer } from '../support/temporal-server';

/** A heartbeat time-out of 15 s and a sticky queue's 10 s lie between the kill and the second try. */
const TAKEN_UP_TIMEOUT_MS = 60_000;
const DOWNLOAD_TIMEOUT_MS = 30_000;
const TEST_TIMEOUT_MS = 120_000;

let server: TemporalServer;
let installation: Installation;

beforeAll(ensureBuilt, BUILD_TIMEOUT_MS);

beforeEach(async () => {
  server = await startTemporalServer();
  installation = await Installation.start({
    temporalAddress: server.address,
    taskQueue: 'killed',
    speed: 1_200,
    notices: 'sent',
    policy: { SETTLE_ALL_SYNCED: '1s' },
  });
}, TEST_TIMEOUT_MS);

afterEach(async () => {
  await installation?.remove();
  await killLeftOvers();
  await server?.stop();
}, TEST_TIMEOUT_MS);

/** Holds the first pdf that is asked for in the middle, and nothing else. Gives the report's id once it is known. */
function holdOne({ proxy }: Installation): () => string | null {
  let held: string | null = null;
  proxy.hold((call) => {
    const [, reportId = null] = /\/reports\/([^/]+)\/raw\?format=pdf$/.exec(call) ?? [];
    held ??= reportId;
    return reportId !== null && reportId === held;
  });
  return () => held;
}

test(
  'a worker killed in mid-download leaves nothing half in the store, and the next one collects everything',
  async () => {
    const { proxy, reports, upstream } = installation;
    const heldReport = holdOne(installation);
    const worker = await installation.startWorker();
    await installation.enrol([{ clientUserId: 'POL-1', as: 'eager' }]);
    await until('a document held in the middle', DOWNLOAD_TIMEOUT_MS, () => proxy.heldCount === 1);
    // Half of it is on the disk, or else the kill proves nothing.
    await until('half a document', DOWNLOAD_TIMEOUT_MS, async () =>
      [...(await filesIn(join(reports, '.incoming'))).values()].some((bytes) => bytes.length > 0),
    );
    expect(await worker.end('SIGKILL')).toBeNull();

    const left = await filesIn(join(reports, 'POL-1'));
    left.delete('.applicant.json');
    for (const [file, bytes] of left) {
      const [, reportId = '', format = ''] = /([^/]+)\.[^/]+\.(json|pdf)$/.exec(file) ?? [];
      expect({ reportId, format }).not.toEqual({ reportId: heldReport(), format: 'pdf' });
      expect(bytes).toEqual(await upstream.document('POL-1', reportId, format));
    }

    proxy.release();
    const next = await installation.startWorker();
    expect(await installation.ended('POL-1', TAKEN_UP_TIMEOUT_MS)).toEqual({
      outcome: 'collected',
      reason: null,
      documents: 3,
    });
    const { manifest, files } = await readStored(reports, 'POL-1');
    expect([...files.keys()].sort()).toEqual(manifest.documents.map(({ file }) => file).sort());
    for (const { file, reportId, format } of manifest.documents) {
      expect(files.get(file)).toEqual(await upstream.document('POL-1', reportId, format));
    }
    expect(await upstream.people('POL-1')).toEqual([expect.objectContaining({ deleted: false })]);
    expect(await next.end()).toBe(0);
  },
  TEST_TIMEOUT_MS,
);
