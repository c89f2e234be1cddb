import type { Organization } from './organization';
import type { Step } from './personas/script';
import type { ReportType } from './report-types';

export type { Organization } from './organization';

/** One report of one person. `organization` is null for a report of the whole person. */
export interface Report {
  /** 24 hex digits; stays the same when the report is updated. */
  readonly id: string;
  readonly type: ReportType;
  readonly organization: Organization | null;
  readonly createdAt: string;
  updatedAt: string;
  /** Starts at 1. The same report and revision give the same bytes. */
  revision: number;
  /** Number of scanned pages at the end of its PDF, about 1 MB each; usually 0. */
  readonly scannedPages: number;
}

/** A provider that a person has connected. */
export interface Source {
  readonly organization: Organization;
  /** The reports that it delivers; empty if the persona's script delivers them or nothing is delivered. */
  readonly gives: readonly ReportType[];
  /** Story time from the sign-in, or from the completed demand, to the delivery. */
  readonly deliversAfterMs: number;
  /** Whether it delivers nothing until the person completes a demand. */
  demands: boolean;
  /** When it delivers, in milliseconds since 1970; null until the delivery is scheduled. */
  deliversAtMs: number | null;
}

/** The details that a carrier can send with an invitation. */
export interface PersonDetails {
  readonly clientUserId: string;
  readonly clientUserEmail: string;
  readonly firstName: string | null;
  readonly lastName: string | null;
  /** As `YYYY-MM-DDTHH:mm:ss.sssZ`. */
  readonly dateOfBirth: string | null;
  readonly suggestedSources: readonly string[] | null;
  /** False: no e-mail; the carrier sends the link itself. */
  readonly autoInvite: boolean;
}

/** An invited person. Deleted people stay in the state, so that no humanId is used twice. */
export interface Person extends PersonDetails {
  /** 32 hex digits. */
  readonly humanId: string;
  /** The last part of the invite link, 40 hex digits. A secret: its holder can act as this person. */
  readonly invitationToken: string;
  readonly createdAt: string;
  updatedAt: string;
  deletedAt: string | null;
  status: string;
  /** True from the first authorised provider on; access tokens require it. */
  connected: boolean;
  readonly persona: string;
  /** Replaces the persona's script after an action by hand; null before. */
  ownScript: readonly Step[] | null;
  /** Index of the next step; null after the last. */
  nextStep: number | null;
  /** When it runs, in milliseconds since 1970; null if {@link nextStep} is null. */
  nextStepAtMs: number | null;
  /** The connected providers. */
  sources: Source[];
  readonly reports: Report[];
  readonly notices: { delivered: number; failed: number };
}

/** A bearer token. `humanId` is set on access tokens only. */
export interface Token {
  readonly kind: 'client' | 'access';
  readonly humanId: string | null;
  readonly expiresAtMs: number;
}

/** The state of the sandbox: plain data that can be saved as JSON. */
export interface SandboxState {
  readonly people: Person[];
  readonly tokens: Record<string, Token>;
  /** The last scenario set by `/control/scenario`; null if none was set. */
  scenario: unknown;
}

export function emptyState(): SandboxState {
  return { people: [], tokens: {}, scenario: null };
}
