import type { RecordedNeed } from './needs';
import type { Outcome, Reason, Stage } from './outcome';
import { countMissing, type MissingDocument, type StoredDocument } from './reports';
import { statusKind } from './status';

/** The outbound events. */
export const EVENT_TYPES = [
  'applicant.started',
  'applicant.stage-changed',
  'applicant.attention',
  'document.stored',
  'applicant.closed',
  'applicant.refreshed',
  'applicant.erased',
  'batch.done',
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/** Whose order of events it is. `erased`: the one event that is left of an erased applicant. */
export interface EventSubject {
  readonly kind: 'applicant' | 'erased' | 'batch';
  /** A clientUserId or a batchId. */
  readonly id: string;
}

/** What happened, before it has an id and a sequence. Codes, counts and ids only: no names, no organizations, no free text. */
export interface EventDraft {
  readonly type: EventType;
  /** Ms since 1970. */
  readonly atMs: number;
  /** Null: the event is not about a round. */
  readonly round: number | null;
  readonly data: EventData;
}

export type EventData = Readonly<Record<string, unknown>>;

/** What a run carries over of its events. Plain JSON. */
export interface CarriedEvents {
  /** The types that are sent; empty: there is no endpoint. */
  readonly types: readonly EventType[];
  /** How many events this chain of runs has recorded. */
  readonly recorded: number;
  /** Events that are not recorded yet, in order. */
  readonly waiting: readonly EventDraft[];
  /** Stored documents that the manifest does not list yet. */
  readonly documents: readonly StoredDocumentData[];
}

/** `document.stored`, as the workflow knows it. `file`: see {@link StoredDocument}; it names the provider, so it becomes a document id. */
export type StoredDocumentData = Pick<StoredDocument, 'file' | 'type' | 'format' | 'updatedAt' | 'sha256' | 'bytes'>;

/** `status` null: before the invitation. The text of an unknown status may contain anything, so it is left out. */
export function stageChangedData(stage: Stage, previous: Stage, status: string | null): EventData {
  const isKnown = status !== null && statusKind(status) !== 'unknown';
  return { stage, previous, status: status === null ? null : isKnown ? status.trim() : 'unknown' };
}

export function attentionData(needs: readonly RecordedNeed[]): EventData {
  return { needs };
}

export function storedDocumentData({
  file,
  type,
  format,
  updatedAt,
  sha256,
  bytes,
}: StoredDocument): StoredDocumentData {
  return { file, type, format, updatedAt, sha256, bytes };
}

/** `documents`: how many are stored. */
export function closedData(
  outcome: Outcome,
  reason: Reason | null,
  documents: number,
  missing: readonly MissingDocument[],
): EventData {
  return { outcome, reason, documents, missing: countMissing(missing) };
}
