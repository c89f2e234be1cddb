/** What caused an entry of the timeline. */
export const TIMELINE_SOURCES = ['notification', 'poll', 'operator', 'deadline', 'start', 'worker'] as const;
export type TimelineSource = (typeof TIMELINE_SOURCES)[number];

/** The closed vocabulary of the timeline. `document-stored` is derived from the documents when the timeline is read. */
export const TIMELINE_KINDS = [
  'started',
  'invited',
  'adopted',
  'status',
  'reports-listed',
  'document-stored',
  'quiet',
  'call-stuck',
  'call-recovered',
  'cancel-requested',
  'check-requested',
  'finish-requested',
  'deadline-changed',
  'snoozed',
  'deadline-reached',
  'withdrawn',
  'closed',
] as const;
export type TimelineKind = (typeof TIMELINE_KINDS)[number];

/** One entry. `data` holds codes, counts and ids, never personal data or notes. */
export interface TimelineEntry {
  readonly atMs: number;
  readonly kind: TimelineKind;
  readonly source: TimelineSource;
  readonly data?: Readonly<Record<string, string | number>>;
  /** How many equal neighbours this entry stands for; absent: 1. */
  readonly count?: number;
  /** The time of the last of them; absent: `atMs`. */
  readonly lastAtMs?: number;
}

/** At most 200 entries in ascending order. The first one (`started`) stays; `omitted` counts the ones dropped after it. */
export interface Timeline {
  readonly entries: readonly TimelineEntry[];
  readonly omitted: number;
}
