import type { Stage } from './outcome';
import type { PollName } from './policy';
import type { WaitText } from './waits';

/** What a status means for an applicant. */
interface StatusRules {
  /** Null: the stage stays. */
  readonly stage: Stage | null;
  /** A status without a cadence of its own is polled as `engaged`. */
  readonly cadence: PollName;
  /** Only a person who opened the invitation can have this status. */
  readonly provesEngagement: boolean;
  /** A notice of it is read back at once, because it could end the applicant or start the settle window that never restarts. */
  readonly isReadBackAtOnce: boolean;
  /** The status does not end the applicant: only the deadline does. False for Disconnected, which ends the applicant if there are reports. */
  readonly waitsForDeadline: boolean;
  /** Reports may come without a change of status, so the list is polled too. */
  readonly isListPolled: boolean;
  /** What the applicant waits for; for operators. */
  readonly waitingFor: WaitText;
}

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

function rules(waitingFor: WaitText, exceptions: Partial<StatusRules>): StatusRules {
  return { ...DEFAULTS, ...exceptions, waitingFor };
}

/** The statuses that have rules. Any other text is `unknown`, because upstream may add statuses. */
export type StatusKind = keyof typeof RULES;

/** The status texts, normalized. Adapters and payloads use these texts, not the kinds. */
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

export function statusKind(status: string): StatusKind {
  return KIND_BY_TEXT.get(normalizeStatus(status)) ?? 'unknown';
}

/** For comparison: ignores case and white space. */
export function normalizeStatus(status: string): string {
  return status.trim().toLowerCase().replace(/\s+/g, ' ');
}

export function statusRules(kind: StatusKind): StatusRules {
  return RULES[kind];
}

export function nextStage(kind: StatusKind, stage: Stage): Stage {
  return statusRules(kind).stage ?? stage;
}
