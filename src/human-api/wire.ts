import { isHumanId } from '../domain/identifiers';
import { type CallFacts, Unavailable } from './errors';
import { isRecord, parseAnswer } from './json';

/** A person as upstream tells it. Status '' where there is none (an order-type user); dates as upstream spells them. */
export interface User {
  readonly clientUserId: string | null;
  readonly humanId: string;
  readonly clientUserEmail: string | null;
  readonly status: string;
  readonly updatedAt: string | null;
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

/** Whom to invite. `dateOfBirth` as `YYYY-MM-DD`. */
export interface Invitation {
  readonly clientUserId: string;
  readonly clientUserEmail: string;
  readonly firstName?: string;
  readonly lastName?: string;
  readonly dateOfBirth?: string;
  readonly suggestedSources?: readonly string[];
}

/** Longer texts are cut: they go into Temporal's history, and no known value comes near. */
const LONGEST_TEXT = 200;
/** An organization's folder is named by a hash of what upstream says in full; this bounds only what nobody would call a name. */
const LONGEST_ORGANIZATION = 2_000;
/** RFC 5321 allows 254. */
const LONGEST_EMAIL = 320;

/**
 * One page of users and how many elements it had; one without a usable humanId is dropped.
 * @throws Unavailable where there is no list, or nothing of it is usable: "nobody" read out of such a list would invite a person twice
 */
export function usersFrom(facts: CallFacts, bytes: Buffer): { users: User[]; received: number } {
  const elements = listFrom(facts, bytes);
  const users = elements.map(userFrom).filter((user) => user !== null);
  if (elements.length > 0 && users.length === 0)
    throw new Unavailable(facts, 'expected users with a humanId, none had one');
  return { users, received: elements.length };
}

/** The one user that was asked for; its humanId may be missing, but must not be another's. @throws Unavailable */
export function userNamed(humanId: string, facts: CallFacts, bytes: Buffer): User {
  const [element, ...others] = elementsOf(parseAnswer(bytes));
  const user = isRecord(element) ? userFrom({ ...element, humanId: element['humanId'] ?? humanId }) : null;
  if (user?.humanId === humanId && others.length === 0) return user;
  throw new Unavailable(facts, 'expected the user that was asked for, something else came');
}

/** The user that a create made, of one object or an array (both are documented). @throws Unavailable where ours cannot be told */
export function userCreated(clientUserId: string, facts: CallFacts, bytes: Buffer): User {
  const users = elementsOf(parseAnswer(bytes)).map(userFrom);
  const ours = users.find((user) => user?.clientUserId === clientUserId);
  const only = users.length === 1 && users[0]?.clientUserId === null ? users[0] : null;
  const user = ours ?? only;
  if (user) return user;
  throw new Unavailable(facts, 'expected the invited user with a humanId, something else came');
}

/** The rows of a list of reports; one without a usable id is dropped. @throws Unavailable where there is no list */
export function reportsFrom(facts: CallFacts, bytes: Buffer): ReportRow[] {
  return listFrom(facts, bytes)
    .map(reportFrom)
    .filter((row) => row !== null);
}

function listFrom(facts: CallFacts, bytes: Buffer): unknown[] {
  const body = parseAnswer(bytes);
  if (Array.isArray(body)) return body;
  throw new Unavailable(facts, 'expected a JSON array, something else came');
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
  };
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

/** An id that can stand in a URL: a string or a number of 1 to 200 characters; null for anything else. */
export function reportIdOf(value: unknown): string | null {
  const id = typeof value === 'number' ? String(value) : value;
  const usable =
    typeof id === 'string' && id.length <= LONGEST_TEXT && !/^\.{0,2}$/.test(id) && !/\p{Surrogate}/u.test(id);
  return usable ? id : null;
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

/** A date as it came, a number as its decimal text; null where there is none. Each text is a version of its own, so a long one is only cut. */
export function dateOf(value: unknown): string | null {
  return textOf(value);
}
