import { createHash } from 'node:crypto';
import { isHumanId, parseReportId } from '../../domain/identifiers';
import { parseInstantMs } from '../../domain/instants';
import type { ListedReport } from '../../domain/reports';
import { type CallFacts, Unavailable } from '../../upstream/errors';
import type { Invitation, PeoplePage, Person } from '../../upstream/port';
import { isRecord, parseBoundedJson } from '../json';
import { parseList } from '../json-list';

/** An invitation as a create carries it, its date in the one form that the cookbook's conventions prescribe. */
export function createBody({ dateOfBirth, autoInvite = true, ...known }: Invitation): Record<string, unknown> {
  if (dateOfBirth === undefined) return { ...known, autoInvite };
  const isDay = /^\d{4}-\d\d-\d\d$/.test(dateOfBirth);
  return { ...known, dateOfBirth: isDay ? `${dateOfBirth}T00:00:00.000Z` : dateOfBirth, autoInvite };
}

/** Longer texts are cut: they go into Temporal's history, and no known value comes near. */
const MAX_TEXT_LENGTH = 200;
/** An organization's folder is named by a hash of what upstream says in full; this bounds only what nobody would call a name. */
const MAX_ORGANIZATION_LENGTH = 2_000;
/** RFC 5321 allows 254. */
const MAX_EMAIL_LENGTH = 320;
/** A link to a landing page has some 100 characters. */
const MAX_LINK_LENGTH = 2_000;
interface ParsedPage extends PeoplePage {
  /** The clientUserIds of the rows without a usable humanId; null if a row has none either. */
  readonly dropped: readonly (string | null)[];
}

/** @throws Unavailable if there is no list, or if no row of it is usable: read as an empty list, it would make us invite a person twice */
export function parsePeople(facts: CallFacts, bytes: Buffer): ParsedPage {
  const elements = parseRows(facts, bytes);
  const users = elements.map(toPerson).filter((user) => user !== null);
  if (elements.length > 0 && users.length === 0)
    throw new Unavailable(facts, 'expected users with a humanId, none had one');
  const dropped = elements.filter((element) => toPerson(element) === null);
  return { people: users, received: elements.length, dropped: dropped.map(clientUserIdOf) };
}

/** The one user that was asked for; its humanId may be missing from a user, but must not be another's. @throws Unavailable */
export function parsePerson(humanId: string, facts: CallFacts, bytes: Buffer): Person {
  const [element, ...others] = elementsOf(parseBoundedJson(bytes));
  const isNamed = isRecord(element) && (element['humanId'] !== undefined || isUser(element));
  const user = isNamed ? toPerson({ ...element, humanId: element['humanId'] ?? humanId }) : null;
  if (user?.subjectId === humanId && others.length === 0) return user;
  throw new Unavailable(facts, 'expected the user that was asked for, something else came');
}

/** Without a humanId: `{"status": "error"}` alone is a gateway's, not a person's. */
function isUser(element: Record<string, unknown>): boolean {
  const has = (name: string) => typeof element[name] === 'string' && element[name] !== '';
  return has('status') && (has('clientUserId') || has('clientUserEmail') || has('updatedAt'));
}

/** The user that a create made, of one object or an array (both are documented). @throws Unavailable where ours cannot be told */
export function parseCreatedPerson(clientUserId: string, facts: CallFacts, bytes: Buffer): Person {
  const elements = elementsOf(parseBoundedJson(bytes));
  const users = elements.map(toPerson);
  const ours = users.find((user) => user?.clientUserId === clientUserId);
  const only = users.length === 1 && users[0]?.clientUserId === null ? users[0] : null;
  const user = ours ?? only;
  if (user) return { ...user, inviteLink: parseLink(elements[users.indexOf(user)]) };
  throw new Unavailable(facts, 'expected the invited user with a humanId, something else came');
}

/**
 * The rows of a list of reports; one without a usable id is dropped.
 * @throws Unavailable where there is no list, or nothing of it is usable: "no reports" read out of such a list would end an applicant
 */
export function parseReports(facts: CallFacts, bytes: Buffer): ListedReport[] {
  const elements = parseRows(facts, bytes);
  const rows = elements.map(toReport).filter((row) => row !== null);
  if (elements.length > 0 && rows.length === 0)
    throw new Unavailable(facts, 'expected reports with an id, none had one');
  return rows;
}

function parseRows(facts: CallFacts, bytes: Buffer): unknown[] {
  const elements = parseList(bytes);
  if (elements !== null) return elements;
  throw new Unavailable(facts, 'expected a whole JSON array, something else came');
}

function elementsOf(body: unknown): unknown[] {
  return Array.isArray(body) ? body : [body];
}

function toPerson(element: unknown): Person | null {
  if (!isRecord(element)) return null;
  const humanId = element['humanId'];
  if (!isHumanId(humanId)) return null;
  return {
    clientUserId: parseText(element['clientUserId']),
    subjectId: humanId,
    email: parseText(element['clientUserEmail'], MAX_EMAIL_LENGTH),
    status: parseText(element['status']) ?? '',
    updatedAtMs: parseInstantMs(parseDateText(element['updatedAt'])),
    inviteLink: null,
  };
}

function clientUserIdOf(element: unknown): string | null {
  return isRecord(element) ? parseText(element['clientUserId']) : null;
}

/** The link of a create's answer as it came; null for anything but an http or https URL of a bounded length. */
function parseLink(element: unknown): string | null {
  const link = isRecord(element) ? element['inviteLink'] : null;
  const isUsable =
    typeof link === 'string' && link.length <= MAX_LINK_LENGTH && /^https?:\/\/[^\s\p{C}]+$/iu.test(link);
  return isUsable && URL.canParse(link) ? link : null;
}

function toReport(element: unknown): ListedReport | null {
  if (!isRecord(element)) return null;
  const id = parseReportId(element['id']);
  if (id === null) return null;
  return {
    id,
    type: parseText(element['name']) ?? '',
    organization: toOrganization(element['organization']),
    updatedAt: parseDateText(element['updatedAt']) ?? parseDateText(element['createdAt']),
  };
}

function toOrganization(value: unknown): ListedReport['organization'] {
  if (!isRecord(value)) return null;
  const organization = {
    id: parseText(value['id'], MAX_ORGANIZATION_LENGTH),
    name: parseText(value['name'], MAX_ORGANIZATION_LENGTH),
  };
  return organization.id === null && organization.name === null ? null : organization;
}

/** A string, or a number as one; null where there is none. */
function parseText(value: unknown, longest = MAX_TEXT_LENGTH): string | null {
  const text = typeof value === 'number' ? String(value) : value;
  return typeof text === 'string' && text !== '' ? text.slice(0, longest) : null;
}

/** A date as it came, a number as its decimal text; null where there is none. Each text is a version of its own, so a long one ends in a hash of the whole. */
export function parseDateText(value: unknown): string | null {
  if (typeof value !== 'string' || value.length <= MAX_TEXT_LENGTH) return parseText(value);
  return `${value.slice(0, MAX_TEXT_LENGTH / 2)} ${createHash('sha256').update(value).digest('hex').slice(0, 16)}`;
}
