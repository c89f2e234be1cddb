import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import type { StoredDocument } from '../../src/domain/reports';
import type { Manifest } from '../../src/report-store/port';

export const ORGANIZATION = { id: '5b1daf3f079c652eaf41fd23', name: 'Starfleet Medical' };

export function sha256(bytes: string | Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** The manifest's entry of a document. */
export function storedDocument(change: Partial<StoredDocument> = {}): StoredDocument {
  const reportId = change.reportId ?? 'report-1';
  const updatedAt = change.updatedAt ?? '2026-03-01T10:00:00.000Z';
  const format = change.format ?? 'pdf';
  return {
    file: `unity/starfleet-medical-000000/${reportId}.${updatedAt.replace(/[-:.]/g, '')}.${format}`,
    type: 'unity',
    organization: ORGANIZATION,
    format,
    reportId,
    updatedAt,
    seenAt: null,
    sha256: sha256(reportId),
    bytes: 100,
    contentType: 'application/pdf',
    storedAt: '2026-03-01T11:00:00.000Z',
    superseded: false,
    round: 1,
    ...change,
  };
}

/** The folder of one applicant in a report store. */
export interface Stored {
  readonly manifest: Manifest;
  /** Every file except the manifest, its claim and its lock: relative path with "/", bytes. */
  readonly files: ReadonlyMap<string, Buffer>;
}

/** @throws without a manifest */
export async function readStored(reports: string, clientUserId: string): Promise<Stored> {
  const files = await filesIn(join(reports, clientUserId));
  const manifest = files.get('manifest.json');
  if (!manifest) throw new Error(`expected a manifest of ${clientUserId}`);
  files.delete('manifest.json');
  files.delete('.manifest.json.lock');
  files.delete('.applicant.json');
  return { manifest: JSON.parse(manifest.toString('utf8')) as Manifest, files };
}

/** Every file below a folder; none if it does not exist. Ignores files that are removed while others are read. */
export async function filesIn(folder: string): Promise<Map<string, Buffer>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const named = paths.map(async (path) => {
    const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    });
    return bytes && ([relative(folder, path).split(sep).join('/'), bytes] as const);
  });
  return new Map((await Promise.all(named)).filter((entry) => entry !== null));
}
