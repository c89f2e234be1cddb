import { createHash } from 'node:crypto';
import type { StoredDocument } from '../../src/domain/reports';
import type { DocumentToStore, ManifestChange } from '../../src/report-store/port';

export const ORGANIZATION = { id: '5b1daf3f079c652eaf41fd23', name: 'Starfleet Medical' };

export function pdf(text: string): string {
  return `%PDF-1.4\n${text}\ntrailer\nstartxref\n15\n%%EOF\n`;
}

export function sha256(bytes: string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** A body like that of a connection: `size` bytes at a time. */
export async function* pieces(text: string, size = 7): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size);
}

export function documentToStore(change: Partial<DocumentToStore> = {}): DocumentToStore {
  return {
    clientUserId: 'POL-1',
    report: { id: 'report-1', type: 'unity', organization: ORGANIZATION, updatedAt: '2026-03-01T10:00:00.000Z' },
    format: 'pdf',
    contentType: 'application/pdf',
    contentLength: null,
    newest: null,
    ...change,
  };
}

export function entry(change: Partial<StoredDocument> = {}): StoredDocument {
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

export function change(changed: Partial<ManifestChange> = {}): ManifestChange {
  return {
    clientUserId: 'POL-1',
    humanId: 'f'.repeat(32),
    outcome: null,
    reason: null,
    wanted: { unity: ['json', 'pdf'] },
    detailsDigest: 'd'.repeat(64),
    openedAt: '2026-03-01T09:00:00.000Z',
    closedAt: null,
    documents: [],
    missing: [],
    ...changed,
  };
}
