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
  /** 1, and one more with each update: same report and same revision give the same bytes. */
  revision: number;
  /** How many scanned pages its PDF has behind the written ones, about 1 MB each; 0 for most. */
  readonly scannedPages: number;
}

/** A provider that a person has connected. */
export interface Source {
  readonly organization: Organization;
  /** What it delivers by itself; nothing where the persona's script says what comes, and where nothing ever comes. */
  readonly gives: readonly ReportType[];
  /** Story time from the sign-in, or from the met demand, until it does. */
  readonly deliversAfterMs: number;
  /** It hands nothing over until the person has done something there. */
  demands: boolean;
  /** When it delivers, in milliseconds since 1970; null until nothing stands in its way. */
  deliversAtMs: number | null;
}

/** What a carrier may say of a person when it invites them. */
export interface PersonDetails {
  readonly clientUserId: string;
  readonly clientUserEmail: string;
  readonly firstName: string | null;
  readonly lastName: string | null;
  /** As `YYYY-MM-DDTHH:mm:ss.sssZ`. */
  readonly dateOfBirth: string | null;
  readonly suggestedSources: readonly string[] | null;
  /** False: the sandbox mails nothing, the carrier hands over the link itself. */
  readonly autoInvite: boolean;
}

/** One invited person, deleted ones included: their humanId is never given out again. */
export interface Person extends PersonDetails {
  /** 32 hex digits. */
  readonly humanId: string;
  /** The last part of the invitation's address, 40 hex digits: who knows it acts as this person. */
  readonly invitationToken: string;
  readonly createdAt: string;
  updatedAt: string;
  deletedAt: string | null;
  status: string;
  /** True from the first authorised provider on: only then is an access token to be had. */
  connected: boolean;
  readonly persona: string;
  /** What happens instead of the persona's script since somebody took over; null while nobody did. */
  ownScript: readonly Step[] | null;
  /** The step that comes next; null once the script is over. */
  nextStep: number | null;
  /** When it comes, in milliseconds since 1970; null where {@link nextStep} is. */
  nextStepAtMs: number | null;
  /** The providers that are connected now. */
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

/** All that the sandbox remembers: plain data, so that it can be saved as JSON. */
export interface SandboxState {
  readonly people: Person[];
  readonly tokens: Record<string, Token>;
  /** The scenario as it was last given over the control surface; null where none was. */
  scenario: unknown;
}

/** A sandbox that has met nobody. */
export function emptyState(): SandboxState {
  return { people: [], tokens: {}, scenario: null };
}
