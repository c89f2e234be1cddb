import type { Format, ListedReport } from '../domain/reports';

/** A person as the upstream describes them. */
export interface Person {
  /** The upstream's own id. Payloads, search attributes and manifests call it `humanId`. */
  readonly subjectId: string;
  readonly clientUserId: string | null;
  readonly email: string | null;
  /** One of the texts of domain/status, or another text unchanged; '' if the upstream returned none. */
  readonly status: string;
  /** By the upstream's clock, ms since 1970; null without a readable date. */
  readonly updatedAtMs: number | null;
  /** The page on which the person connects their providers; only in the answer to an invitation. Never in an error or a log line. */
  readonly inviteLink: string | null;
}

/** The person to invite. */
export interface Invitation {
  readonly clientUserId: string;
  readonly clientUserEmail: string;
  readonly firstName?: string;
  readonly lastName?: string;
  /** `YYYY-MM-DD`. */
  readonly dateOfBirth?: string;
  readonly suggestedSources?: readonly string[];
  /** False: the upstream sends no e-mail. Default: true. */
  readonly autoInvite?: boolean;
}

export type PersonFilter = { readonly clientUserId: string } | { readonly subjectId: string };

export interface PeoplePage {
  readonly people: readonly Person[];
  /** How many rows the page had, unusable ones included. */
  readonly received: number;
}

/** The bytes of a report, streamed. Read `stream` to its end, or discard it. */
export interface ReportBody {
  /** The header as sent; '' without one. */
  readonly contentType: string;
  /** The announced length in bytes; null without one, or if the body came encoded. */
  readonly contentLength: number | null;
  /** @throws Unavailable if the connection fails or the length differs, BadDocument beyond the size limit */
  readonly stream: AsyncIterable<Uint8Array>;
  /** Ends the connection. May be called at any time. */
  discard(): Promise<void>;
}

/**
 * The source of people's records. A method makes one call, in addition to those for tokens; a look-up makes one per page. A call is repeated only after
 * a 401, once. Each method may throw RateLimited or Unavailable, and the errors it names. "Could not find out" is never an empty answer.
 */
export interface Upstream {
  /** Creates the person, which sends the invitation. Not idempotent: look up after Unavailable. @throws ValidationRejected, AlreadyExists, Undecided */
  invite(invitation: Invitation): Promise<Person>;
  /** Shows the effect of an ambiguous invitation or withdrawal. `[]`: the upstream says that there is no such person. @throws Undecided */
  findPeople(filter: PersonFilter): Promise<readonly Person[]>;
  /** One page of all people, from `offset`. A page without rows is past the end. */
  listPeople(offset: number): Promise<PeoplePage>;
  /** @throws NotFound only if the upstream itself answers it; Undecided */
  readStatus(subjectId: string): Promise<Person>;
  /** Deletes the person: nothing more is sent to them. Irreversible. @throws Undecided if the answer confirms nothing */
  withdraw(subjectId: string): Promise<'deleted' | 'already-gone'>;
  /** @throws AccessDenied while the person has given no access */
  listReports(clientUserId: string): Promise<readonly ListedReport[]>;
  /** @throws AccessDenied, NotFound, NotOffered, UnenvelopedFormat */
  openReport(clientUserId: string, reportId: string, format: Format): Promise<ReportBody>;
  /** Resolves only if the upstream accepts our credentials now, which proves that they are not the cause of a denied access. */
  proveCredentials(): Promise<void>;
  /** Ends all connections. */
  close(): Promise<void>;
}
