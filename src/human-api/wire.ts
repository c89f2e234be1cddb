import { createHash } from 'node:crypto';
import { isHumanId } from '../domain/identifiers';
import { type CallFacts, Unavailable } from './errors';
import { isRecord, parseAnswer } from './json';
import { parseList } from './json-list';

/** A person as upstream tells it. Status '' where there is none (an order-type user); dates as upstream spells them. */
export interface User {
  readonly clientUserId: string | null;
  readonly humanId: string;
  readonly clientUserEmail: string | null;
  readonly status: string;
  readonly updatedAt: string | null;
  /** Where the person connects their providers: only a create's answer has it. Never in an error or a log line. */
  readonly inviteLink: string | null;
}

/** A row of a person's list of reports. `name` is the report's type as upstream spells it, '' where there is none. */
export interface ReportRow {
  readonly id: string;
  readonly name: string;
  /** Null for a report of the whole person. */
  readonly organization: { readonly id: string | null; readonly name: string | null } | null;
  readonly updatedAt: string | null;
  readonly createdAt: string | null;
}

/** Whom to invite. `dateOfBirth` as `YYYY-MM-DD`; `autoInvite` false: upstream sends no e-mail, true where nothing is said. */
export interface Invitation {
  readonly clientUserId: string;
  readonly clientUserEmail: string;
  readonly firstName?: string;
  readonly lastName?: string;
  readonly dateOfBirth?: string;
  readonly suggestedSources?: readonly string[];
  readonly autoInvite?: boolean;
}

/** An invitation as a create carries it, its date in the one form that the cookbook's conventions prescribe. */
export function createBody({ dateOfBirth, autoInvite = true, ...known }: Invitation): Record<string, unknown> {
  if (dateOfBirth === undefined) return { ...known, autoInvite };
  const isDay = /^\d{4}-\d\d-\d\d$/.test(dateOfBirth);
  return { ...known, dateOfBirth: isDay ? `${dateOfBirth}T00:00:00.000Z` : dateOfBirth, autoInvite };
}

/** Longer texts are cut: they go into Temporal's history, and no known value comes near. */
const LONGEST_TEXT = 200;
/** An organization's folder is named by a hash of what upstream says in full; this bounds only what nobody would call a name. */
const LONGEST_ORGANIZATION = 2_000;
/** RFC 5321 allows 254. */
const LONGEST_EMAIL = 320;
/** A link to a landing page has some 100 characters. */
const LONGEST_LINK = 2_000;
/** Encoded as a URL carries it: servers take 8 KB in all, and no known id has more than 60. */
const LONGEST_ID = 2_000;

/** One page of users. */
interface UserPage {
  readonly users: User[];
  /** How many elements the page had. */
  readonly received: number;
  /** The clientUserIds of the elements without a usable humanId; null where an element has none either. */
  readonly dropped: readonly (string | null)[];
}

/** @throws Unavailable if there is no list, or if no row of it is usable: read as an empty list, it would make us invite a person twice */
export function usersFrom(facts: CallFacts, bytes: Buffer): UserPage {
  const elements = listFrom(facts, bytes);
  const users = elements.map(userFrom).filter((user) => user !== null);
  if (elements.length > 0 && users.length === 0)
    throw new Unavailable(facts, 'expected users with a humanId, none had one');
  const dropped = elements.filter((element) => userFrom(element) === null);
  return { users, received: elements.length, dropped: dropped.map(clientUserIdOf) };
}

/** The one user that was asked for; its humanId may be missing from a user, but must not be another's. @throws Unavailable */
export function userNamed(humanId: string, facts: CallFacts, bytes: Buffer): User {
  const [element, ...others] = elementsOf(parseAnswer(bytes));
  const isNamed = isRecord(element) && (element['humanId'] !== undefined || isUser(element));
  const user = isNamed ? userFrom({ ...element, humanId: element['humanId'] ?? humanId }) : null;
  if (user?.humanId === humanId && others.length === 0) return user;
  throw new Unavailable(facts, 'expected the user that was asked for, something else came');
}

/** Without a humanId: `{"status": "error"}` alone is a gateway's, not a person's. */
function isUser(element: Record<string, unknown>): boolean {
  const has = (name: string) => typeof element[name] === 'string' && element[name] !== '';
  return has('status') && (has('clientUserId') || has('clientUserEmail') || has('updatedAt'));
}

/** The user that a create made, of one object or an array (both are documented). @throws Unavailable where ours cannot be told */
export function userCreated(clientUserId: string, facts: CallFacts, bytes: Buffer): User {
  const elements = elementsOf(parseAnswer(bytes));
  const users = elements.map(userFrom);
  const ours = users.find((user) => user?.clientUserId === clientUserId);
  const only = users.length === 1 && users[0]?.clientUserId === null ? users[0] : null;
  const user = ours ?? only;
  if (user) return { ...user, inviteLink: linkOf(elements[users.indexOf(user)]) };
  throw new Unavailable(facts, 'expected the invited user with a humanId, something else came');
}

/**
 * The rows of a list of reports; one without a usable id is dropped.
 * @throws Unavailable where there is no list, or nothing of it is usable: "no reports" read out of such a list would end an applicant
 */
export function reportsFrom(facts: CallFacts, bytes: Buffer): ReportRow[] {
  const elements = listFrom(facts, bytes);
  const rows = elements.map(reportFrom).filter((row) => row !== null);
  if (elements.length > 0 && rows.length === 0)
    throw new Unavailable(facts, 'expected reports with an id, none had one');
  return rows;
}

function listFrom(facts: CallFacts, bytes: Buffer): unknown[] {
  const elements = parseList(bytes);
  if (elements !== null) return elements;
  throw new Unavailable(facts, 'expected a whole JSON array, something else came');
}

function elementsOf(body: unknown): unknown[] {
  return Array.isArray(body) ? body : [body];
}

function userFrom(element: unknown): User | null {
  if (!isRecord(element)) return null;
  const humanId = element['humanId'];
  if (!isHumanId(humanId)) return null;
  return {
    clientUserId: textOf(element['clientUserId']),
    humanId,
    clientUserEmail: textOf(element['clientUserEmail'], LONGEST_EMAIL),
    status: textOf(element['status']) ?? '',
    updatedAt: dateOf(element['updatedAt']),
    inviteLink: null,
  };
}

function clientUserIdOf(element: unknown): string | null {
  return isRecord(element) ? textOf(element['clientUserId']) : null;
}

/** The link of a create's answer as it came; null for anything but an http or https URL of a bounded length. */
function linkOf(element: unknown): string | null {
  const link = isRecord(element) ? element['inviteLink'] : null;
  const isUsable = typeof link === 'string' && link.length <= LONGEST_LINK && /^https?:\/\/[^\s\p{C}]+$/iu.test(link);
  return isUsable && URL.canParse(link) ? link : null;
}

function reportFrom(element: unknown): ReportRow | null {
  if (!isRecord(element)) return null;
  const id = reportIdOf(element['id']);
  if (id === null) return null;
  return {
    id,
    name: textOf(element['name']) ?? '',
    organization: organizationOf(element['organization']),
    updatedAt: dateOf(element['updatedAt']),
    createdAt: dateOf(element['createdAt']),
  };
}

/** An id that can stand in a URL: a string or a number of 1 to 2,000 characters, encoded; null for anything else. */
export function reportIdOf(value: unknown): string | null {
  const id = typeof value === 'number' ? String(value) : value;
  if (typeof id !== 'string' || id.length > LONGEST_ID || /^\.{0,2}$/.test(id) || /\p{Surrogate}/u.test(id))
    return null;
  return encodeURIComponent(id).length <= LONGEST_ID ? id : null;
}

function organizationOf(value: unknown): ReportRow['organization'] {
  if (!isRecord(value)) return null;
  const organization = {
    id: textOf(value['id'], LONGEST_ORGANIZATION),
    name: textOf(value['name'], LONGEST_ORGANIZATION),
  };
  return organization.id === null && organization.name === null ? null : organization;
}

/** A string, or a number as one; null where there is none. */
function textOf(value: unknown, longest = LONGEST_TEXT): string | null {
  const text = typeof value === 'number' ? String(value) : value;
  return typeof text === 'string' && text !== '' ? text.slice(0, longest) : null;
}

/** A date as it came, a number as its decimal text; null where there is none. Each text is a version of its own, so a long one ends in a hash of the whole. */
export function dateOf(value: unknown): string | null {
  if (typeof value !== 'string' || value.length <= LONGEST_TEXT) return textOf(value);
  return `${value.slice(0, LONGEST_TEXT / 2)} ${createHash('sha256').update(value).digest('hex').slice(0, 16)}`;
}
