import { MINUTE_MS } from '../domain/policy';
import type { StoredDocument } from '../domain/reports';
import { createExpiringMap } from '../process/expiring-map';
import { documentIdOf } from '../report-store/document-id';
import type { Actor, UseCaseDeps } from './use-cases';

/** About 2 MB. Beyond it, an opening may be recorded twice, but none is left out. */
const MAX_OPENINGS = 10_000;

/** Records in the audit log that an actor opens a document. @throws {AuditUnavailable} Then the document must not be sent. */
export type RecordOpening = (clientUserId: string, document: StoredDocument, actor: Actor) => Promise<void>;

/** One line per document, actor and minute, because a viewer reads one document by many ranges. */
export function createOpenings({ audit, nowMs = Date.now }: Pick<UseCaseDeps, 'audit' | 'nowMs'>): RecordOpening {
  const lines = createExpiringMap<Promise<void>>({ max: MAX_OPENINGS, ttlMs: MINUTE_MS, nowMs });
  return (clientUserId, { file, format }, { who, onBehalfOf }) => {
    const documentId = documentIdOf(file);
    const key = JSON.stringify([who, onBehalfOf, clientUserId, documentId]);
    const before = lines.get(key);
    if (before) return before;
    const line = audit.record({ who, onBehalfOf, did: 'open-document', clientUserId, documentId, detail: format });
    lines.set(key, line);
    line.catch(() => lines.delete(key));
    return line;
  };
}
