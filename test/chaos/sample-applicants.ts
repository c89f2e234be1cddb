import type { Installation } from '../support/installation';
import { filesIn, readStored, sha256 } from '../support/stored';
import type { Persona } from '../support/upstream';

/** An applicant of a test, and the persona that acts for it in the sandbox. */
export interface SampleApplicant {
  readonly clientUserId: string;
  readonly persona: Persona;
}

/** Personas whose scripts end within 90 minutes of sandbox time, whatever happens to Chartway's processes. */
const PERSONAS = ['eager', 'declines', 'partial', 'pharmacy', 'attention', 'broken', 'several'];

const POLLED_STATUSES = ['INVITED', 'ENGAGED', 'SYNCING', 'ATTENTION', 'SOME_SYNCED', 'DISCONNECTED'];

/** Returns the settings that poll each status at this interval. */
export function pollEvery(interval: string): Record<string, string> {
  return Object.fromEntries(POLLED_STATUSES.map((status) => [`POLL_${status}`, interval]));
}

/** Returns `count` applicants; the personas alternate. */
export async function createCohort(
  installation: Installation,
  name: string,
  count: number,
  personas: readonly string[] = PERSONAS,
): Promise<readonly SampleApplicant[]> {
  const candidates = (await installation.upstream.personas()).filter((persona) => personas.includes(persona.name));
  if (candidates.length !== personas.length) throw new Error(`expected the sandbox to have the personas ${personas}`);
  return Array.from({ length: count }, (_, index) => {
    const persona = candidates[index % candidates.length];
    if (!persona) throw new RangeError('no persona');
    return { clientUserId: `${name}-${index}`, persona };
  });
}

/** Starts the applicants as one file. */
export function startCohort(installation: Installation, applicants: readonly SampleApplicant[]): Promise<void> {
  return installation.startSamples(rowsOf(applicants));
}

/** Returns the rows of the file that starts the applicants. */
export function rowsOf(
  applicants: readonly SampleApplicant[],
): readonly { readonly clientUserId: string; readonly as: string }[] {
  return applicants.map(({ clientUserId, persona }) => ({ clientUserId, as: persona.name }));
}

const WITHDRAWN: readonly string[] = ['declined', 'expired', 'failed', 'cancelled'];

/**
 * Expects each applicant to end as its persona's script requires: the outcome, one person upstream that only a withdrawal deletes, the bytes that
 * upstream serves, and a manifest that matches the files. `timeoutMs` is the limit for all applicants together.
 */
export async function expectCorrectEndings(
  installation: Installation,
  applicants: readonly SampleApplicant[],
  timeoutMs: number,
): Promise<void> {
  const untilMs = Date.now() + timeoutMs;
  for (const { clientUserId, persona } of applicants) {
    const { outcome, documents } = await installation.waitForEnd(clientUserId, Math.max(1_000, untilMs - Date.now()));
    expect({ clientUserId, outcome, documents }).toEqual({
      clientUserId,
      outcome: persona.outcome,
      documents: persona.documents,
    });
  }
  for (const { clientUserId, persona } of applicants) {
    const people = await installation.upstream.people(clientUserId);
    expect(people.map(({ deleted }) => ({ clientUserId, deleted }))).toEqual([
      { clientUserId, deleted: WITHDRAWN.includes(persona.outcome) },
    ]);
    await expectCorrectFolder(installation, clientUserId);
  }
  // A partial file of a killed worker may remain in `.incoming` until a worker stores the next document.
  for (const file of (await filesIn(installation.reports)).keys()) {
    expect(file).toMatch(/^(\.incoming|\.chartway|[^./][^/]*)\//);
  }
}

async function expectCorrectFolder({ reports, upstream }: Installation, clientUserId: string): Promise<void> {
  const { manifest, files } = await readStored(reports, clientUserId);
  expect([...files.keys()].sort()).toEqual(manifest.documents.map(({ file }) => file).sort());
  for (const entry of manifest.documents) {
    const { file, reportId, format, superseded } = entry;
    const stored = files.get(file) ?? Buffer.alloc(0);
    expect(entry).toMatchObject({ file, bytes: stored.length, sha256: sha256(stored) });
    if (superseded || manifest.outcome === 'failed') continue;
    const served = await upstream.document(clientUserId, reportId, format);
    expect({ file, same: served.equals(stored) }).toEqual({ file, same: true });
  }
}
