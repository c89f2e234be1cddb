import { createHash } from 'node:crypto';
import { isHumanId, parseReportId } from '../../domain/identifiers';
import { parseInstantMs } from '../../domain/instants';
import type { ListedReport } from '../../domain/reports';
import { type CallFacts, Unavailable } from '../../upstream/errors';
import type { Invitation, PeoplePage, Person } from '../../upstream/port';
import { isRecord, parseBoundedJson } from '../json';
import { parseList } from '../json-list';

/** The body of a create. The date of birth has the form in the vendor's cookbook. */
export function createBody({ dateOfBirth, autoInvite = true, ...known }: Invitation): Record<string, unknown> {
  if (dateOfBirth === undefined) return { ...known, autoInvite };
  const isDay = /^\d{4}-\d\d-\d\d$/.test(dateOfBirth);
  return { ...known, dateOfBirth: isDay ? `${dateOfBirth}T00:00:00.000Z` : dateOfBirth, autoInvite };
}

/** Longer texts are cut, because Temporal's history stores them. */
const MAX_TEXT_LENGTH = 200;
/** High, because a hash of an organization's full name is part of its folder's name. */
const MAX_ORGANIZATION_LENGTH = 2_000;
/** RFC 5321 allows 254. */
const MAX_EMAIL_LENGTH = 320;
/** A link to a landing page has some 100 characters. */
const MAX_LINK_LENGTH = 2_000;

interface ParsedPage extends PeoplePage {
  /** The clientUserIds of the rows without a usable humanId; null for a row without a clientUserId. */
  readonly dropped: readonly (string | null)[];
}

/** @throws Unavailable if the body is no list, or a list without a usable row: taken as empty, a person would be invited twice */
export function parsePeople(facts: CallFacts, bytes: Buffer): ParsedPage {
  const elements = parseRows(facts, bytes);
  const people = elements.map(toPerson).filter((person) => person !== null);
  if (elements.length > 0 && people.length === 0)
    throw new Unavailable(facts, 'expected users with a humanId, none had one');
  const dropped = elements.filter((element) => toPerson(element) === null);
  return { people, received: elements.length, dropped: dropped.map(parseClientUserId) };
}

/** The requested user. The humanId may be missing, but must not differ. @throws Unavailable */
export function parsePerson(humanId: string, facts: CallFacts, bytes: Buffer): Person {
  const [element, ...others] = toArray(parseBoundedJson(bytes));
  const isPerson = isRecord(element) && (element['humanId'] !== undefined || isUser(element));
  const person = isPerson ? toPerson({ ...element, humanId: element['humanId'] ?? humanId }) : null;
  if (person?.subjectId === humanId && others.length === 0) return person;
  throw new Unavailable(facts, 'expected the requested user');
}

/** True for a user, possibly without a humanId. `{"status": "error"}` alone comes from a gateway. */
function isUser(element: Record<string, unknown>): boolean {
  const has = (name: string) => typeof element[name] === 'string' && element[name] !== '';
  return has('status') && (has('clientUserId') || has('clientUserEmail') || has('updatedAt'));
}

/** The created user, in an object or an array (the vendor documents both). @throws Unavailable if the answer lacks it */
export function parseCreatedPerson(clientUserId: string, facts: CallFacts, bytes: Buffer): Person {
  const elements = toArray(parseBoundedJson(bytes));
  const people = elements.map(toPerson);
  const invited = people.find((person) => person?.clientUserId === clientUserId);
  const only = people.length === 1 && people[0]?.clientUserId === null ? people[0] : null;
  const person = invited ?? only;
  if (person) return { ...person, inviteLink: parseLink(elements[people.indexOf(person)]) };
  throw new Unavailable(facts, 'expected the invited user with a humanId');
}

/**
 * The rows of a list of reports that have a usable id.
 * @throws Unavailable if the body is no list, or a list without a usable row: taken as "no reports", it would end an applicant
 */
export function parseReports(facts: CallFacts, bytes: Buffer): ListedReport[] {
  const elements = parseRows(facts, bytes);
  const reports = elements.map(toReport).filter((report) => report !== null);
  if (elements.length > 0 && reports.length === 0)
    throw new Unavailable(facts, 'expected reports with an id, none had one');
  return reports;
}

function parseRows(facts: CallFacts, bytes: Buffer): unknown[] {
  const elements = parseList(bytes);
  if (elements === null) throw new Unavailable(facts, 'expected a complete JSON array');
  return elements;
}

function toArray(body: unknown): unknown[] {
  return Array.isArray(body) ? body : [body];
}

function toPerson(element: unknown): Person | null {
  if (!isRecord(element)) return null;
  const humanId = element['humanId'];
  if (!isHumanId(humanId)) return null;
  return {
    clientUserId: parseClientUserId(element),
    subjectId: humanId,
    email: parseText(element['clientUserEmail'], MAX_EMAIL_LENGTH),
    // The domain's statuses have the spelling of this generation.
    status: parseText(element['status']) ?? '',
    updatedAtMs: parseInstantMs(parseDateText(element['updatedAt'])),
    inviteLink: null,
  };
}

function parseClientUserId(element: unknown): string | null {
  return isRecord(element) ? parseText(element['clientUserId']) : null;
}

/** The link in the answer to a create; null for anything except an http or https URL of a reasonable length. */
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

/** A non-empty string, or a number as text; null for anything else. */
function parseText(value: unknown, maxLength = MAX_TEXT_LENGTH): string | null {
  const text = typeof value === 'number' ? String(value) : value;
  return typeof text === 'string' && text !== '' ? text.slice(0, maxLength) : null;
}

/** The text of a date. Different texts are different versions of a report, so a long text is cut and ends in its hash. */
export function parseDateText(value: unknown): string | null {
  if (typeof value !== 'string' || value.length <= MAX_TEXT_LENGTH) return parseText(value);
  return `${value.slice(0, MAX_TEXT_LENGTH / 2)} ${createHash('sha256').update(value).digest('hex').slice(0, 16)}`;
}
