import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateKey } from '../../src/temporal/key-ring';
import { until } from '../support/condition';
import { Installation } from '../support/installation';
import { BUILD_TIMEOUT_MS, ensureBuilt, killLeftOvers } from '../support/processes';
import { filesIn } from '../support/stored';
import { DELETES_SOON, startTemporalServer } from '../support/temporal-server';
import { scan } from './scan';

/** What nobody else writes. */
const IDENTITY = {
  domain: 'brindlemoor.example',
  firstName: 'Ottoline',
  lastName: 'Fennimarch',
  dateOfBirth: '1968-11-27',
  source: 'Gingham Polyclinic',
};
const [BY_COMMAND, BY_AGE, KEPT] = ['POL-varnishcote', 'POL-thimblewick', 'POL-candlegarth'] as const;
const STEP_TIMEOUT_MS = 90_000;

let folder: string;

beforeAll(ensureBuilt, BUILD_TIMEOUT_MS);
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chartway-erased-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));
afterAll(killLeftOvers);

test('of who was erased, by command or by age, nothing is left but the lines of the audit log; who is open stays', async () => {
  const dbFile = join(folder, 'temporal.db');
  const server = await startTemporalServer({ dbFile, extraArgs: DELETES_SOON });
  const keys = { ours: generateKey('main'), webhooks: generateKey('webhook') };
  const installation = await Installation.start({
    ...{ temporalAddress: server.address, taskQueue: 'erased', speed: 1_200, notices: 'sent', logLevel: 'trace' },
    policy: { SETTLE_ALL_SYNCED: '1s', POLL_SYNCING: '1s' },
    keys: { ours: `${keys.ours},${keys.webhooks}`, webhooks: keys.webhooks },
  });
  try {
    const worker = await installation.startWorker();
    const people = [
      { clientUserId: BY_COMMAND, as: 'eager' },
      { clientUserId: BY_AGE, as: 'eager' },
      { clientUserId: KEPT, as: 'silent' },
    ];
    await installation.intake(people, [], {}, IDENTITY);
    for (const clientUserId of [BY_COMMAND, BY_AGE]) await installation.ended(clientUserId, STEP_TIMEOUT_MS);
    const humanIds = await Promise.all([BY_COMMAND, BY_AGE].map((id) => humanIdOf(installation, id)));
    const before = await filesIn(installation.folder);
    for (const canary of [BY_COMMAND, BY_AGE, ...humanIds]) {
      expect({ canary, found: found(before, canary).length > 0 }).toEqual({ canary, found: true });
    }

    expect(await installation.operate('erase', BY_COMMAND, '--yes')).toMatchObject({ status: 0 });
    await installation.replaceWorker(worker, { REPORTS_RETENTION: '1s' });
    await until('the other to be erased by age', STEP_TIMEOUT_MS, async () => {
      const files = await filesIn(installation.folder);
      const left = found(files, BY_AGE);
      return left.length > 0 && left.every((name) => name.startsWith('.data/audit/')) && isErased(files, BY_AGE);
    });
    const { count } = await installation.client.workflow.count(`HumanId IN ("${humanIds.join('", "')}")`);
    expect(count).toBe(0);
    await installation.end();
    await server.stop();

    const files = await filesIn(installation.folder);
    for (const canary of [BY_COMMAND, BY_AGE, ...humanIds]) {
      expect({ canary, in: found(files, canary).filter((name) => !name.startsWith('.data/audit/')) }).toEqual({
        canary,
        in: [],
      });
    }
    expect(found(files, KEPT).length).toBeGreaterThan(0);
    const audit = [...files].filter(([name]) => name.startsWith('.data/audit/')).map(([, bytes]) => bytes);
    const erased = Buffer.concat(audit)
      .toString()
      .split('\n')
      .filter((line) => line.includes('"did":"erase"'));
    expect(
      erased.map((line) => JSON.parse(line)).map(({ who, clientUserId }) => [who.split(':')[0], clientUserId]),
    ).toEqual(
      expect.arrayContaining([
        ['cli', BY_COMMAND],
        ['worker', BY_AGE],
      ]),
    );
    // Pages of the database that are free, and its journal, too.
    const database = Buffer.concat([
      await readFile(dbFile),
      await readFile(`${dbFile}-wal`).catch(() => Buffer.alloc(0)),
    ]);
    const everywhere = Buffer.concat([database, ...audit, Buffer.from(installation.output())]);
    expect(scan(everywhere, Object.values(IDENTITY))).toEqual([]);
  } finally {
    await installation.remove();
    await server.stop();
  }
}, 240_000);

async function humanIdOf(installation: Installation, clientUserId: string): Promise<string> {
  const [person] = await installation.upstream.people(clientUserId);
  if (!person) throw new Error(`expected ${clientUserId} upstream`);
  return person.humanId;
}

/** The files in whose name or bytes it stands. */
function found(files: ReadonlyMap<string, Buffer>, canary: string): string[] {
  return [...files].flatMap(([name, bytes]) =>
    name.includes(canary) || scan(bytes, [canary]).length > 0 ? [name] : [],
  );
}

function isErased(files: ReadonlyMap<string, Buffer>, clientUserId: string): boolean {
  return [...files].some(([, bytes]) => bytes.includes(`"did":"erase","clientUserId":"${clientUserId}"`));
}
