import { createHash } from 'node:crypto';
import type { Installation } from '../support/installation';
import { filesIn, readStored } from '../support/stored';
import type { Persona } from '../support/upstream';

/** An applicant of a chaos run, and who plays the person. */
export interface Member {
  readonly clientUserId: string;
  readonly persona: Persona;
}

/** Personas whose stories end by themselves within an hour and a half of theirs, whatever happens to us meanwhile. */
const STEADY = ['eager', 'declines', 'partial', 'pharmacy', 'attention', 'broken', 'several'];

/** `count` applicants, one persona after the other. */
export async function cohort(installation: Installation, name: string, count: number): Promise<readonly Member[]> {
  const steady = (await installation.upstream.personas()).filter((persona) => STEADY.includes(persona.name));
  if (steady.length !== STEADY.length) throw new Error(`expected the sandbox to play ${STEADY}`);
  return Array.from({ length: count }, (_, index) => {
    const persona = steady[index % steady.length];
    if (!persona) throw new RangeError('no persona');
    return { clientUserId: `${name}-${index}`, persona };
  });
}

/** Starts them as intake does, in one file. */
export function enrol(installation: Installation, members: readonly Member[]): Promise<void> {
  return installation.enrol(rowsOf(members));
}

/** What intake has of them. */
export function rowsOf(members: readonly Member[]): readonly { readonly clientUserId: string; readonly as: string }[] {
  return members.map(({ clientUserId, persona }) => ({ clientUserId, as: persona.name }));
}

/**
 * That each of them ended as the person's story must: the outcome, one person upstream, who is deleted only after a withdraw, the bytes that upstream
 * serves, and a manifest that is true of them. `timeoutMs`: for all of them together.
 */
export async function expectTrueEndings(
  installation: Installation,
  members: readonly Member[],
  timeoutMs: number,
): Promise<void> {
  const untilMs = Date.now() + timeoutMs;
  for (const { clientUserId, persona } of members) {
    const { outcome, documents } = await installation.ended(clientUserId, Math.max(1_000, untilMs - Date.now()));
    expect({ clientUserId, outcome, documents }).toEqual({
      clientUserId,
      outcome: persona.outcome,
      documents: persona.documents,
    });
  }
  for (const { clientUserId, persona } of members) {
    const people = await installation.upstream.people(clientUserId);
    expect(people.map(({ deleted }) => ({ clientUserId, deleted }))).toEqual([
      { clientUserId, deleted: WITHDRAWN.includes(persona.outcome) },
    ]);
    await expectTrueStore(installation, clientUserId);
  }
  // What a killed worker left half is swept away by the next that stores something, or is at most what was in flight at the last kill.
  for (const file of (await filesIn(installation.reports)).keys()) {
    expect(file).toMatch(/^(\.incoming|\.chartway|[^./][^/]*)\//);
  }
}

const WITHDRAWN: readonly string[] = ['declined', 'expired', 'failed', 'cancelled'];

async function expectTrueStore({ reports, upstream }: Installation, clientUserId: string): Promise<void> {
  const { manifest, files } = await readStored(reports, clientUserId);
  expect([...files.keys()].sort()).toEqual(manifest.documents.map(({ file }) => file).sort());
  for (const { file, bytes, sha256, reportId, format, superseded } of manifest.documents) {
    const stored = files.get(file) ?? Buffer.alloc(0);
    expect({ file, bytes, sha256 }).toEqual({
      file,
      bytes: stored.length,
      sha256: createHash('sha256').update(stored).digest('hex'),
    });
    if (superseded || manifest.outcome === 'failed') continue;
    const served = await upstream.document(clientUserId, reportId, format);
    expect({ file, same: served.equals(stored) }).toEqual({ file, same: true });
  }
}
