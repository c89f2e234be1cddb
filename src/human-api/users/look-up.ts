import { Unavailable, Undecided } from '../../upstream/errors';
import type { Person, PersonFilter } from '../../upstream/port';
import { type Envelopes, isMissingPerson, isRejected, type Reply, requireContent } from '../reply';
import { UNDECIDED } from '../undecided-reasons';
import { parsePeople } from './wire';

/** Fewer rows than this cannot be a full page. The vendor documents no page size for users, and 50 elsewhere. */
const SHORT_PAGE = 10;
/** A list with more pages ignores our filter and our offset. */
const MAX_PAGES = 20;
/** The statuses that mean an unsupported look-up. The vendor's OpenAPI files have the look-up, the cookbook does not. */
const UNSUPPORTED: ReadonlySet<number> = new Set([400, 403, 405, 501]);

/**
 * Finds people page by page. An empty list and Human API's own 404 mean that no one matches. Makes one call, unless a page is full of other people,
 * which means that Human API ignores the filter.
 * @throws Undecided if the look-up is not supported; Unavailable if an unreadable row may be the person's
 */
export async function findAllPeople(
  filter: PersonFilter,
  readPage: (query: Record<string, string>) => Promise<Reply<Buffer>>,
  envelopes: Envelopes,
): Promise<Person[]> {
  const query = 'subjectId' in filter ? { humanId: filter.subjectId } : filter;
  const found = new Map<string, Person>();
  let offset = 0;
  for (let page = 1; ; page++) {
    const reply = await readPage(offset === 0 ? query : { ...query, offset: String(offset) });
    if (isRejected(reply, (status) => UNSUPPORTED.has(status))) throw unsupported(reply);
    const isEmpty = isMissingPerson(reply, envelopes);
    const { people, received, dropped } = isEmpty ? NO_ONE : parsePeople(reply.facts, requireContent(reply));
    const before = found.size;
    for (const person of people) found.set(person.subjectId, person);
    if (people.some((person) => matches(person, filter))) return [...found.values()];
    if (dropped.some((clientUserId) => mayMatch(clientUserId, filter)))
      throw new Unavailable(reply.facts, 'a row that may be the person has no usable humanId');
    offset += received;
    const isLast = received < SHORT_PAGE || found.size === before;
    // A look-up by humanId has one person or none; by clientUserId, a few others may have a similar id.
    if (isLast && offset < ('subjectId' in filter ? 1 : SHORT_PAGE)) return [...found.values()];
    if (isLast || page === MAX_PAGES) throw unsupported(reply);
  }
}

const NO_ONE = { people: [], received: 0, dropped: [] } as const;

function unsupported({ facts }: Reply<Buffer>): Undecided {
  return new Undecided(facts, UNDECIDED.lookUpUnsupported);
}

function matches(person: Person, filter: PersonFilter): boolean {
  return 'subjectId' in filter ? person.subjectId === filter.subjectId : person.clientUserId === filter.clientUserId;
}

/** A row without a humanId may be the person's, unless it has another clientUserId. */
function mayMatch(clientUserId: string | null, filter: PersonFilter): boolean {
  return 'subjectId' in filter || clientUserId === null || clientUserId === filter.clientUserId;
}
