import type { PollName } from './policy';

/** Where we are with an applicant. */
export const STAGES = ['inviting', 'invited', 'engaged', 'attention', 'syncing', 'collecting', 'closed'] as const;
export type Stage = (typeof STAGES)[number];

/** How it ended. */
export const OUTCOMES = ['collected', 'partial', 'declined', 'failed', 'expired', 'cancelled'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** Why it ended so; null where the outcome says it all. */
export const REASONS = [
  'conflict',
  'validation',
  'upstream-error',
  'invitation-undeliverable',
  'invitation-expired',
  'deadline',
  'declined',
  'deleted-upstream',
  'disconnected',
  'operator',
  'nothing-listed',
  'missing-documents',
  'failed-documents',
] as const;
export type Reason = (typeof REASONS)[number];

/** How an applicant ends, and whether the person is to be deleted upstream so that nothing more is sent to them. */
export interface Conclusion {
  readonly outcome: Outcome;
  readonly reason: Reason | null;
  readonly shouldWithdraw: boolean;
}

/** The statuses we act upon; upstream's list is open, so every other one is `unknown`. */
export type StatusKind =
  | 'invited'
  | 'engaged'
  | 'declined'
  | 'syncing'
  | 'all-synced'
  | 'some-synced'
  | 'error'
  | 'attention'
  | 'disconnected'
  | 'unknown';

const KIND_BY_TEXT: Readonly<Record<string, StatusKind>> = {
  invited: 'invited',
  engaged: 'engaged',
  declined: 'declined',
  syncing: 'syncing',
  'all synced': 'all-synced',
  'some synced': 'some-synced',
  error: 'error',
  'attn required': 'attention',
  disconnected: 'disconnected',
};

/** Upstream's status as one of ours, whatever its case and spacing. */
export function statusKind(status: string): StatusKind {
  const key = normalizeStatus(status);
  return Object.hasOwn(KIND_BY_TEXT, key) ? (KIND_BY_TEXT[key] ?? 'unknown') : 'unknown';
}

/** A status as it is compared: case and white space do not count. */
export function normalizeStatus(status: string): string {
  return status.trim().toLowerCase().replace(/\s+/g, ' ');
}

/** What nobody has who only was invited. To decline or to meet an error needs no engagement, and an unknown status tells nothing. */
const ENGAGED: ReadonlySet<StatusKind> = new Set([
  'engaged',
  'syncing',
  'all-synced',
  'some-synced',
  'attention',
  'disconnected',
]);

/** True for a status that only a person who opened the invitation can have. */
export function provesEngagement(kind: StatusKind): boolean {
  return ENGAGED.has(kind);
}

/** The stage that a status moves an applicant to; those not named leave it where it is. */
const STAGE_BY_KIND: Readonly<Partial<Record<StatusKind, Stage>>> = {
  invited: 'invited',
  engaged: 'engaged',
  syncing: 'syncing',
  attention: 'attention',
  disconnected: 'attention',
  'some-synced': 'collecting',
  'all-synced': 'collecting',
};

export function nextStage(kind: StatusKind, before: Stage): Stage {
  return STAGE_BY_KIND[kind] ?? before;
}

/** Which cadence a status is polled at. What has none of its own is polled as an engaged person is: somebody is at work. */
export function pollName(kind: StatusKind): PollName {
  switch (kind) {
    case 'invited':
    case 'syncing':
    case 'attention':
    case 'disconnected':
      return kind;
    case 'some-synced':
      return 'someSynced';
    default:
      return 'engaged';
  }
}
