import type { Stage } from './outcome';
import type { PollName } from './policy';

/** What one status means for an applicant. */
interface StatusRules {
  /** The stage that it moves an applicant to; null leaves the stage as it is. */
  readonly stage: Stage | null;
  /** The poll cadence. A status without one of its own is polled as `engaged`: somebody is at work. */
  readonly cadence: PollName;
  /** Only a person who opened the invitation can have it. To decline or to meet an error needs no engagement. */
  readonly provesEngagement: boolean;
  /** A notice of it could end an applicant, or start the one window that is never restarted: it is read back at once. */
  readonly isReadBackAtOnce: boolean;
  /** It ends nothing by itself: the applicant waits until the deadline. */
  readonly waitsForDeadline: boolean;
  /** Reports may come under it without a change of status, so the list is polled too. */
  readonly isListPolled: boolean;
  /** What an applicant with it waits for, for operators. */
  readonly waitingFor: string;
}

/** What holds where a row says nothing else. */
const DEFAULTS = {
  stage: null,
  cadence: 'engaged',
  provesEngagement: false,
  isReadBackAtOnce: false,
  waitsForDeadline: false,
  isListPolled: false,
} as const;

const RULES = {
  invited: rules('the person to open the invitation', { stage: 'invited', cadence: 'invited', waitsForDeadline: true }),
  engaged: rules('the person to connect a provider', {
    stage: 'engaged',
    provesEngagement: true,
    waitsForDeadline: true,
  }),
  declined: rules('Human API to confirm that the person declined', { isReadBackAtOnce: true }),
  syncing: rules('Human API to collect the records', {
    stage: 'syncing',
    cadence: 'syncing',
    provesEngagement: true,
    waitsForDeadline: true,
  }),
  'all-synced': rules('further reports', { stage: 'collecting', provesEngagement: true }),
  'some-synced': rules('the remaining providers', {
    stage: 'collecting',
    cadence: 'someSynced',
    provesEngagement: true,
    isReadBackAtOnce: true,
    isListPolled: true,
  }),
  error: rules('Human API to confirm an error', { isReadBackAtOnce: true }),
  attention: rules('the person to act at a provider', {
    stage: 'attention',
    cadence: 'attention',
    provesEngagement: true,
    waitsForDeadline: true,
  }),
  disconnected: rules('the person to connect a provider again', {
    stage: 'attention',
    cadence: 'disconnected',
    provesEngagement: true,
    isReadBackAtOnce: true,
    isListPolled: true,
  }),
  unknown: rules('a known status', { waitsForDeadline: true }),
};

function rules(waitingFor: string, exceptions: Partial<StatusRules>): StatusRules {
  return { ...DEFAULTS, ...exceptions, waitingFor };
}

/** The statuses we act upon; every other text is `unknown`, because the upstream's list is open. */
export type StatusKind = keyof typeof RULES;

/** The texts of our domain. Payloads carry texts, and adapters answer in them; another text is kept and is `unknown`. */
const KIND_BY_TEXT: ReadonlyMap<string, StatusKind> = new Map([
  ['invited', 'invited'],
  ['engaged', 'engaged'],
  ['declined', 'declined'],
  ['syncing', 'syncing'],
  ['all synced', 'all-synced'],
  ['some synced', 'some-synced'],
  ['error', 'error'],
  ['attn required', 'attention'],
  ['disconnected', 'disconnected'],
]);

/** The kind of a status, whatever its case and spacing. */
export function statusKind(status: string): StatusKind {
  return KIND_BY_TEXT.get(normalizeStatus(status)) ?? 'unknown';
}

/** A status as it is compared: case and white space do not count. */
export function normalizeStatus(status: string): string {
  return status.trim().toLowerCase().replace(/\s+/g, ' ');
}

export function statusRules(kind: StatusKind): StatusRules {
  return RULES[kind];
}

/** The stage of an applicant whose status is of this kind. */
export function nextStage(kind: StatusKind, stage: Stage): Stage {
  return statusRules(kind).stage ?? stage;
}
