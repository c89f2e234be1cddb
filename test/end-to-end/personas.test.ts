import { createHash } from 'node:crypto';
import type { Manifest } from '../../src/report-store/port';
import { Installation } from '../support/installation';
import { BUILD_TIMEOUT_MS, ensureBuilt, killLeftOvers } from '../support/processes';
import { readStored } from '../support/stored';
import { startTemporalServer, type TemporalServer } from '../support/temporal-server';
import type { Persona } from '../support/upstream';

type Notices = 'sent' | 'lost';

/** With notices slow enough for a version to be stored before it is replaced: stories of an hour take 20 s, and no wait of a longer one more. */
const SPEED: Readonly<Record<Notices, number>> = { sent: 240, lost: 600 };
/** The waits fit the speed. */
const POLICY = {
  SETTLE_ALL_SYNCED: '2s',
  SETTLE_SOME_SYNCED: '4s',
  SETTLE_ERROR: '2s',
  // More than anybody who opens the invitation takes to do so.
  INVITATION_EXPIRES_AFTER: '12s',
  APPLICANT_EXPIRES_AFTER: '2m',
};
/** Where notices are lost, a poll sees every status; else they are rare, but let as many lists be made as a faster story needs. */
const POLL_EVERY: Readonly<Record<Notices, string>> = { sent: '5s', lost: '1s' };
/** Half a minute on an idle machine. */
const STORIES_TIMEOUT_MS = 150_000;

let server: TemporalServer;
let installations: Record<Notices, Installation>;
let personas: readonly Persona[];

beforeAll(ensureBuilt, BUILD_TIMEOUT_MS);

beforeAll(async () => {
  server = await startTemporalServer();
  const start = (notices: Notices) =>
    Installation.start({
      temporalAddress: server.address,
      taskQueue: `notices-${notices}`,
      speed: SPEED[notices],
      notices,
      policy: { ...POLICY, ...pollsEvery(POLL_EVERY[notices]) },
    });
  const [sent, lost] = await Promise.all([start('sent'), start('lost')]);
  installations = { sent, lost };
  await Promise.all([sent.startWorker(), lost.startWorker()]);
  personas = await sent.upstream.personas();
  await Promise.all(
    (['sent', 'lost'] as const).map(async (notices) => {
      await installations[notices].enrol(personas.map(({ name }) => ({ clientUserId: idOf(name, notices), as: name })));
      await Promise.all(personas.map(({ name }) => installations[notices].ended(idOf(name, notices))));
    }),
  );
}, STORIES_TIMEOUT_MS);

afterAll(async () => {
  await Promise.all(Object.values(installations ?? {}).map((installation) => installation.remove()));
  await killLeftOvers();
  await server?.stop();
}, 60_000);

function pollsEvery(every: string): Record<string, string> {
  const names = ['INVITED', 'ENGAGED', 'SYNCING', 'ATTENTION', 'SOME_SYNCED', 'DISCONNECTED'];
  return Object.fromEntries(names.map((name) => [`POLL_${name}`, every]));
}

function idOf(persona: string, notices: string): string {
  return `POL-${persona}-${notices}`;
}

describe.each(['sent', 'lost'] as const)('when notices are %s', (notices) => {
  test('every persona ends as the sandbox says it must', async () => {
    const results = await Promise.all(
      personas.map(async ({ name }) => {
        const { outcome, documents } = await installations[notices].ended(idOf(name, notices));
        return { name, outcome, documents };
      }),
    );
    expect(results).toEqual(personas.map(({ name, outcome, documents }) => ({ name, outcome, documents })));
  });

  test('the store holds the bytes that upstream serves, and a manifest that is true of them', async () => {
    const { reports, upstream } = installations[notices];
    // What a refresh makes of versions that come after the end is tested elsewhere.
    for (const { name, outcome, documents, olderDocuments } of personas.filter((one) => one.laterDocuments === 0)) {
      const clientUserId = idOf(name, notices);
      const { manifest, files } = await readStored(reports, clientUserId);
      expect(manifest).toMatchObject({ clientUserId, outcome });
      expect([...files.keys()].sort()).toEqual(manifest.documents.map(({ file }) => file).sort());
      const current = manifest.documents.filter(({ superseded }) => !superseded);
      expect(current).toHaveLength(documents);
      // Polls need not be quick enough to see a version that is replaced meanwhile.
      const older = manifest.documents.length - current.length;
      if (notices === 'sent') expect({ name, older }).toEqual({ name, older: olderDocuments });
      for (const entry of manifest.documents) {
        const bytes = files.get(entry.file) ?? Buffer.alloc(0);
        expect(entry).toMatchObject({ bytes: bytes.length, sha256: sha256(bytes) });
        if (entry.superseded) continue;
        const served = await upstream.document(clientUserId, entry.reportId, entry.format);
        expect({ file: entry.file, same: served.equals(bytes) }).toEqual({ file: entry.file, same: true });
      }
      const versions = documents === 0 ? [] : await upstream.reports(clientUserId);
      for (const entry of current) expect(versions).toContainEqual(expect.objectContaining(versionOf(entry)));
    }
  });

  test('exactly one person was invited per applicant, and only a withdraw deletes', async () => {
    const { proxy, upstream } = installations[notices];
    const withdrawn = ['declined', 'expired', 'failed'];
    // Cancelled is who was gone upstream by themselves.
    const gone = [...withdrawn, 'cancelled'];
    for (const { name, outcome } of personas) {
      const people = await upstream.people(idOf(name, notices));
      expect(people).toEqual([expect.objectContaining({ deleted: gone.includes(outcome) })]);
    }
    const count = (call: RegExp) => proxy.calls.filter((each) => call.test(each)).length;
    expect(count(/^POST \/admin\//)).toBe(personas.length);
    expect(count(/^DELETE /)).toBe(personas.filter(({ outcome }) => withdrawn.includes(outcome)).length);
  });
});

test('the webhook has taken every notice that was sent', async () => {
  const { upstream } = installations.sent;
  const people = await Promise.all(personas.map(({ name }) => upstream.people(idOf(name, 'sent'))));
  const counts = people.flat().map(({ notices }) => notices);
  expect(counts.reduce((sum, { delivered }) => sum + delivered, 0)).toBeGreaterThan(personas.length);
  expect(counts.filter(({ failed }) => failed > 0)).toEqual([]);
});

test('notices or not, the same files are current', async () => {
  for (const { name } of personas) {
    const [sent, lost] = await Promise.all(
      (['sent', 'lost'] as const).map(async (notices) => {
        const { manifest } = await readStored(installations[notices].reports, idOf(name, notices));
        const current = manifest.documents.filter(({ superseded }) => !superseded);
        // Report ids and dates are the sandbox's own: what is the same is which documents of whom there are.
        const shapes = current.map(({ type, organization, format }) => `${type} ${organization?.id} ${format}`);
        const missing = manifest.missing.map(({ type, organization, format, reason }) => [
          type,
          organization,
          format,
          reason,
        ]);
        return {
          outcome: manifest.outcome,
          reason: manifest.reason,
          wanted: manifest.wanted,
          shapes: shapes.sort(),
          missing,
        };
      }),
    );
    expect(lost).toEqual(sent);
  }
});

test('every process has printed one ready line, and drains with exit status 0', async () => {
  const ended = (await Promise.all(Object.values(installations).map((installation) => installation.end()))).flat();
  expect(ended.map(({ status }) => status)).toEqual(ended.map(() => 0));
  const printed = ended.map(({ lines }) => lines.map((line) => (JSON.parse(line) as { process: string }).process));
  expect(printed.sort()).toEqual([['sandbox'], ['sandbox'], ['webhook'], ['worker'], ['worker']]);
}, 60_000);

function versionOf({ reportId, updatedAt }: Manifest['documents'][number]) {
  return { id: reportId, updatedAt };
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
