import type { Reason } from './outcome';

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

/** At most 200 entries in ascending order. The first one (`started`) stays; `omitted` counts the dropped occurrences. */
export interface Timeline {
  readonly entries: readonly TimelineEntry[];
  readonly omitted: number;
}

/** What caused the end of an applicant. */
export function sourceOfEnd(reason: Reason | null): TimelineSource {
  if (reason === 'operator' || reason === 'finished') return 'operator';
  return reason === 'deadline' || reason === 'invitation-expired' ? 'deadline' : 'worker';
}

export const MAX_ENTRIES = 200;

export const EMPTY_TIMELINE: Timeline = { entries: [], omitted: 0 };

/** Appends an entry. A repeat of the last one (same kind, source and data) increments its count instead. */
export function withEntry({ entries, omitted }: Timeline, entry: TimelineEntry): Timeline {
  const last = entries.at(-1);
  if (last && isRepeat(last, entry)) {
    const repeated = { ...last, count: occurrences(last) + occurrences(entry), lastAtMs: entry.lastAtMs ?? entry.atMs };
    return { entries: [...entries.slice(0, -1), repeated], omitted };
  }
  return withoutSurplus({ entries: [...entries, entry], omitted });
}

/**
 * Drops entries until 200 are left: the oldest about a call first, because a call that fails and recovers again and again would push out the history
 * of the person; then the oldest. The first entry and the last one stay.
 */
export function withoutSurplus({ entries, omitted }: Timeline): Timeline {
  const surplus = entries.length - MAX_ENTRIES;
  if (surplus <= 0) return { entries, omitted };
  const inner = entries.slice(1, -1);
  const ofCalls = inner.filter(isOfCall).slice(0, surplus);
  const others = inner.filter((entry) => !isOfCall(entry)).slice(0, surplus - ofCalls.length);
  const dropped = new Set([...ofCalls, ...others]);
  const lost = [...dropped].reduce((sum, entry) => sum + occurrences(entry), 0);
  return { entries: entries.filter((entry) => !dropped.has(entry)), omitted: omitted + lost };
}

export function isOfCall({ kind }: TimelineEntry): boolean {
  return kind === 'call-stuck' || kind === 'call-recovered';
}

function isRepeat(last: TimelineEntry, { kind, source, data = {} }: TimelineEntry): boolean {
  if (last.kind !== kind || last.source !== source) return false;
  const known = last.data ?? {};
  const names = Object.keys(data);
  return names.length === Object.keys(known).length && names.every((name) => known[name] === data[name]);
}

/** How often it happened. */
export function occurrences({ count = 1 }: TimelineEntry): number {
  return count;
}

/** How often anything was appended, repeats and omitted entries included. */
export function countOccurrences({ entries, omitted }: Timeline): number {
  return entries.reduce((sum, entry) => sum + occurrences(entry), omitted);
}

/**
 * The entries that were appended or repeated after the first `recorded` occurrences, and maybe some before. `omitted`: how many of these occurrences are
 * lost, at least; entries about calls are dropped from the middle.
 */
export function entriesAfter(timeline: Timeline, recorded: number): Timeline {
  let missing = countOccurrences(timeline) - recorded;
  let count = 0;
  // The first one stays, so it does not stand for a lost one.
  const candidates = recorded > 0 ? timeline.entries.slice(1) : timeline.entries;
  for (const entry of candidates.toReversed()) {
    if (missing <= 0) break;
    missing -= occurrences(entry);
    count += 1;
  }
  return { entries: timeline.entries.slice(timeline.entries.length - count), omitted: Math.max(0, missing) };
}

/** True if the person was withdrawn after the last round began. */
export function hasWithdrawnInRound({ entries }: Timeline): boolean {
  const kinds = entries.map(({ kind }) => kind);
  return kinds.lastIndexOf('withdrawn') > kinds.lastIndexOf('started');
}
