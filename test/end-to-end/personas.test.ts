import { pollEvery } from '../chaos/sample-applicants';
import { useInstallation } from '../support/installation';
import { readStored, sha256 } from '../support/stored';
import type { Persona } from '../support/upstream';

/** Slow enough to store each version before the next one replaces it; a script of an hour takes 15 s. */
const SPEED = 240;
/** Some 30 s on an idle machine. */
const SCRIPTS_TIMEOUT_MS = 180_000;

let personas: readonly Persona[];

const installation = useInstallation({
  speed: SPEED,
  notices: 'sent',
  // On a busy machine the sandbox must not discard a notice.
  answerTimeout: '20s',
  policy: {
    SETTLE_ALL_SYNCED: '2s',
    SETTLE_SOME_SYNCED: '4s',
    SETTLE_ERROR: '2s',
    // Each persona that opens the invitation does so within 3 s.
    INVITATION_EXPIRES_AFTER: '24s',
    APPLICANT_EXPIRES_AFTER: '2m',
    // Rare, but the allowed number of lists depends on it.
    ...pollEvery('5s'),
  },
});
beforeAll(async () => {
  personas = await installation().upstream.personas();
  await installation().startSamples(personas.map(({ name }) => ({ clientUserId: idOf(name), as: name })));
  await Promise.all(personas.map(({ name }) => installation().waitForEnd(idOf(name))));
}, SCRIPTS_TIMEOUT_MS);

function idOf(persona: string): string {
  return `POL-${persona}`;
}

test('each persona ends as the sandbox declares', async () => {
  const results = await Promise.all(
    personas.map(async ({ name }) => {
      const { outcome, documents } = await installation().waitForEnd(idOf(name));
      return { name, outcome, documents };
    }),
  );
  expect(results).toEqual(personas.map(({ name, outcome, documents }) => ({ name, outcome, documents })));
});

test('the store holds the bytes that upstream serves, and a manifest that matches the files', async () => {
  const { reports, upstream } = installation();
  // workflows/refresh.test covers versions that come after the end.
  for (const persona of personas.filter(({ laterDocuments }) => laterDocuments === 0)) {
    const { name, outcome, documents, olderDocuments } = persona;
    const { manifest, files } = await readStored(reports, idOf(name));
    expect(manifest).toMatchObject({ clientUserId: idOf(name), outcome });
    expect([...files.keys()].sort()).toEqual(manifest.documents.map(({ file }) => file).sort());
    const current = manifest.documents.filter(({ superseded }) => !superseded);
    const counts = { current: current.length, older: manifest.documents.length - current.length };
    expect({ name, ...counts }).toEqual({ name, current: documents, older: olderDocuments });
    for (const entry of manifest.documents) {
      const bytes = files.get(entry.file) ?? Buffer.alloc(0);
      expect(entry).toMatchObject({ bytes: bytes.length, sha256: sha256(bytes) });
      if (entry.superseded) continue;
      const served = await upstream.document(idOf(name), entry.reportId, entry.format);
      expect({ file: entry.file, same: served.equals(bytes) }).toEqual({ file: entry.file, same: true });
    }
    const listed = documents === 0 ? [] : await upstream.reports(idOf(name));
    for (const { reportId, updatedAt } of current) {
      expect(listed).toContainEqual(expect.objectContaining({ id: reportId, updatedAt }));
    }
  }
});

test('each applicant has exactly one invited person, and only a withdrawal deletes it', async () => {
  const { proxy, upstream } = installation();
  const withdrawn = ['declined', 'expired', 'failed'];
  // `cancelled`: the sandbox itself removed the person.
  const gone = [...withdrawn, 'cancelled'];
  for (const { name, outcome } of personas) {
    const people = await upstream.people(idOf(name));
    expect(people).toEqual([expect.objectContaining({ deleted: gone.includes(outcome) })]);
  }
  const count = (call: RegExp) => proxy.calls.filter((each) => call.test(each)).length;
  expect(count(/^POST \/admin\//)).toBe(personas.length);
  expect(count(/^DELETE /)).toBe(personas.filter(({ outcome }) => withdrawn.includes(outcome)).length);
});

test('the webhook accepted each notice', async () => {
  const people = await Promise.all(personas.map(({ name }) => installation().upstream.people(idOf(name))));
  expect(people.flat().reduce((sum, { notices }) => sum + notices.delivered, 0)).toBeGreaterThan(personas.length);
  const failed = installation()
    .sandboxLog()
    .filter(({ event }) => event === 'notice-failed');
  expect(failed).toEqual([]);
});

// The last test, because it stops the installation.
test('each process printed one ready line, and drains with exit status 0', async () => {
  const results = await installation().stop();
  expect(results.map(({ status }) => status)).toEqual(results.map(() => 0));
  const printed = results.map(({ lines }) => lines.map((line) => (JSON.parse(line) as { process: string }).process));
  expect(printed.sort()).toEqual([['sandbox'], ['webhook'], ['worker']]);
});
