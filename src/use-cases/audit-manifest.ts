import type { StoredDocument } from '../domain/reports';
import type { TimelineEntry } from '../domain/timeline';
import { documentIdOf } from '../report-store/document-id';
import type { Manifest } from '../report-store/port';
import type { AuditItem } from './views';

/** What the workers do on their own. Acts of operators are in the audit log. */
const AUTOMATIC_KINDS: readonly TimelineEntry['kind'][] = ['withdrawn', 'deadline-reached', 'closed'];
/** The types of reports and formats have this form; the text of upstream is left out if it does not. */
const CODE = /^[A-Za-z0-9_-]{1,80}$/;

/** The stored documents and the automatic ends in a manifest, in ascending order. A manifest of 0.2.0 has its last closing only. */
export function auditItemsOf(manifest: Manifest): readonly AuditItem[] {
  const { timeline, documents, outcome, reason, closedAt } = manifest;
  const entries = timeline.entries.filter(
    ({ kind, source }) => AUTOMATIC_KINDS.includes(kind) && source !== 'operator',
  );
  const toItem = (at: string, did: string, documentId: string | null, detail: string | null): AuditItem => ({
    at,
    who: 'worker',
    did,
    clientUserId: manifest.clientUserId,
    documentId,
    authorizationReference: manifest.authorizationReference,
    onBehalfOf: null,
    detail,
    source: 'manifest',
  });
  const items = [
    ...documents.map((document) =>
      toItem(document.storedAt, 'document-stored', documentIdOf(document.file), describeDocument(document)),
    ),
    ...entries.map((entry) => toItem(new Date(entry.atMs).toISOString(), entry.kind, null, describeEnd(entry.data))),
  ];
  if (timeline.entries.length === 0 && outcome !== null && closedAt !== null)
    items.push(toItem(closedAt, 'closed', null, describeEnd({ outcome, ...(reason && { reason }) })));
  return items.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
}

function describeDocument({ type, format }: StoredDocument): string {
  return CODE.test(type) ? `${type} ${format}` : format;
}

function describeEnd(data: TimelineEntry['data'] = {}): string | null {
  const codes = [data['outcome'], data['reason']].filter((code) => typeof code === 'string');
  return codes.length === 0 ? null : codes.join(' ');
}
