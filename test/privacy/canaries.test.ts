import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateKey } from '../../src/temporal/key-ring';
import { applicantWorkflowId } from '../../src/workflows/contract';
import { until } from '../support/condition';
import { Installation } from '../support/installation';
import { BUILD_TIMEOUT_MS, ensureBuilt, killLeftOvers } from '../support/processes';
import { filesIn } from '../support/stored';
import { startTemporalServer } from '../support/temporal-server';
import { scan } from './scan';

/** Strings that nobody else writes, in everything that an applicant brings along. */
const IDENTITY = {
  domain: 'quorwhistle.example',
  firstName: 'Zephyrina',
  lastName: 'Ostrowhisk',
  dateOfBirth: '1971-03-09',
  source: 'Marzipan Infirmary',
};
/** In what upstream says: a provider's name, a status that we do not know, a report's type. */
const UPSTREAMS = ['Starfleet Medical', 'Wobbling Cormorant', 'gallimaufry-report'];
/** Of the installation: whoever reads a log must not be able to speak for it. */
const SECRETS = ['test-secret', 'test-notices-of-ours'];
const CANARIES = [...Object.values(IDENTITY), ...UPSTREAMS];

const ENDINGS_TIMEOUT_MS = 90_000;
const TEST_TIMEOUT_MS = 240_000;

/** What an installation has left, by place. */
interface Left {
  readonly database: Buffer;
  readonly logs: Buffer;
  readonly metrics: Buffer;
  /** Spool, quarantine, audit log, shelf, temporary files: everything but the applicants' own folders. */
  readonly files: Buffer;
  /** The names of all files, the applicants' too. */
  readonly names: Buffer;
  /** What opens the invitations of everybody: the last part of their links. */
  readonly links: readonly string[];
}

let folder: string;

beforeAll(ensureBuilt, BUILD_TIMEOUT_MS);
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chartway-canaries-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));
afterAll(killLeftOvers);

test(
  "with keys, nothing that a person or a report tells is found anywhere but in the applicant's own folder",
  async () => {
    const left = await live({ ours: generateKey('main'), webhooks: generateKey('webhook') });
    for (const place of ['database', 'logs', 'metrics', 'files'] as const) {
      const canaries = [...CANARIES, ...SECRETS, ...left.links];
      expect({ place, found: scan(left[place], canaries) }).toEqual({ place, found: [] });
    }
    expect(left.links).toHaveLength(4);
    expect(scan(left.names, Object.values(IDENTITY))).toEqual([]);
    expect(left.logs.length).toBeGreaterThan(10_000);
    expect(left.files.length).toBeGreaterThan(1_000);
  },
  TEST_TIMEOUT_MS,
);

test(
  'without keys the same scan finds them, so that it is known to look',
  async () => {
    const left = await live(undefined);
    const found = new Set(scan(left.database, CANARIES).map(({ canary }) => canary));
    expect([...found].sort()).toEqual([...CANARIES].sort());
    // Not even then in what is read by people and machines who have no business with it.
    for (const place of ['logs', 'metrics'] as const) {
      const canaries = [...CANARIES, ...SECRETS, ...left.links];
      expect({ place, found: scan(left[place], canaries) }).toEqual({ place, found: [] });
    }
    expect(scan(left.files, left.links)).toEqual([]);
  },
  TEST_TIMEOUT_MS,
);

/** Some applicants through their courses, with everything said that can be said, and what is left of it. */
async function live(keys: { ours: string; webhooks: string } | undefined): Promise<Left> {
  const dbFile = join(folder, 'temporal.db');
  const server = await startTemporalServer({ dbFile });
  const installation = await Installation.start({
    temporalAddress: server.address,
    taskQueue: 'canaries',
    speed: 1_200,
    notices: 'sent',
    policy: { SETTLE_ALL_SYNCED: '1s', POLL_SYNCING: '1s', SETTLE_ERROR: '1s' },
    logLevel: 'trace',
    ...(keys && { keys: { ours: `${keys.ours},${keys.webhooks}`, webhooks: keys.webhooks } }),
  });
  try {
    await installation.startWorker();
    const people = ['eager', 'declines', 'broken', 'silent'].map((as) => ({ clientUserId: `POL-${as}`, as }));
    await installation.intake(people, [], {}, IDENTITY);
    const humanId = await until('an invitation', ENDINGS_TIMEOUT_MS, async () => {
      const [person] = await installation.upstream.people('POL-silent');
      return person?.humanId;
    });
    const links = await Promise.all(people.map(({ clientUserId }) => tokenOf(installation, clientUserId)));
    const about = { clientUserId: 'POL-silent', humanId, updatedAt: new Date().toISOString() };
    const endpoint = 'https://admin.humanapi.co/api/v1/users';
    await installation.notify([
      { ...about, endpoint, property: 'status', value: 'Wobbling Cormorant' },
      {
        ...{ ...about, humanId: 'f'.repeat(32), objectId: 'r-1', action: 'created' },
        ...{ endpoint: 'https://api.humanapi.co/v1/human/medical/reports', type: 'gallimaufry-report' },
      },
    ]);
    for (const as of ['eager', 'declines', 'broken']) await installation.ended(`POL-${as}`, ENDINGS_TIMEOUT_MS);
    await installation.client.workflow.getHandle(applicantWorkflowId('POL-silent')).cancel();
    await until('the cancelled person to be gone', ENDINGS_TIMEOUT_MS, async () => {
      const people = await installation.upstream.people('POL-silent');
      return people.every(({ deleted }) => deleted);
    });
    const metrics = Buffer.from(await installation.metrics());
    // Without Temporal a notice waits in the spool.
    await server.stop();
    await installation.notify([{ ...about, endpoint, property: 'status', value: 'Wobbling Cormorant' }]);
    await installation.end();
    return { metrics, links, logs: Buffer.from(installation.output()), ...(await onDisk(installation, dbFile)) };
  } finally {
    await installation.remove();
    await server.stop();
  }
}

/** What is secret of a link; its host is everybody's. */
function tokenOf({ upstream }: Installation, clientUserId: string): Promise<string> {
  return until(`the link of ${clientUserId}`, ENDINGS_TIMEOUT_MS, async () => {
    const people = await upstream.people(clientUserId);
    const token = people.length > 0 && (await upstream.inviteLink(clientUserId)).split('/').at(-1);
    return token !== undefined && token !== '' && token;
  });
}

async function onDisk(installation: Installation, dbFile: string): Promise<Pick<Left, 'database' | 'files' | 'names'>> {
  const files = await filesIn(installation.folder);
  const others = [...files].filter(([name]) => !/^reports\/POL-/.test(name));
  const journal = await readFile(`${dbFile}-wal`).catch(() => Buffer.alloc(0));
  return {
    database: Buffer.concat([await readFile(dbFile), journal]),
    files: Buffer.concat(others.map(([, bytes]) => bytes)),
    names: Buffer.from([...files.keys()].join('\n')),
  };
}
