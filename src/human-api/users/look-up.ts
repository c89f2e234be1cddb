import { Unavailable, Undecided } from '../../upstream/errors';
import type { Person, PersonFilter } from '../../upstream/port';
import { type Envelopes, isMissingPerson, isRejected, type Reply, requireContent } from '../reply';
import { UNDECIDED } from '../undecided-reasons';
import { parsePeople } from './wire';

/** No page size is documented for users (50 elsewhere); a reply of fewer than this cannot be a full page. */
const SHORT_PAGE = 10;
/** A list that has not ended by then ignores our filter and our offset. */
const MAX_PAGES = 20;
/** What upstream answers to a look-up that it does not support: the look-up is in its OpenAPI files, not in the cookbook. */
const UNSUPPORTED: ReadonlySet<number> = new Set([400, 403, 405, 501]);

/**
 * Everybody the filter finds, page by page; `[]` and a 404 that is upstream's own word both mean nobody. A look-up is one call unless upstream's page
 * is full of others, which means that it ignores the filter.
 * @throws Undecided where the look-up is not supported; Unavailable where a row that may be the person's cannot be read
 */
export async function findAllPeople(
  by: PersonFilter,
  askPage: (query: Record<string, string>) => Promise<Reply<Buffer>>,
  envelopes: Envelopes,
): Promise<Person[]> {
  const found = new Map<string, Person>();
  const filter = 'subjectId' in by ? { humanId: by.subjectId } : by;
  let offset = 0;
  for (let page = 1; ; page++) {
    const reply = await askPage(offset === 0 ? filter : { ...filter, offset: String(offset) });
    if (isRejected(reply, (status) => UNSUPPORTED.has(status))) throw unsupported(reply);
    const isEmpty = isMissingPerson(reply, envelopes);
    const { people, received, dropped } = isEmpty ? NOBODY : parsePeople(reply.facts, requireContent(reply));
    const known = found.size;
    for (const user of people) found.set(user.subjectId, user);
    if (people.some((user) => matches(user, by))) return [...found.values()];
    if (dropped.some((clientUserId) => mayMatch(clientUserId, by)))
      throw new Unavailable(reply.facts, 'expected users with a humanId, one that may be the person has none');
    offset += received;
    const isLast = received < SHORT_PAGE || found.size === known;
    // A look-up by humanId has one person or none; by clientUserId, one or two others may just have a similar id.
    if (isLast && offset < ('subjectId' in by ? 1 : SHORT_PAGE)) return [...found.values()];
    if (isLast || page === MAX_PAGES) throw unsupported(reply);
  }
}

const NOBODY = { people: [], received: 0, dropped: [] } as const;

function unsupported({ facts }: Reply<Buffer>): Undecided {
  return new Undecided(facts, UNDECIDED.lookUpUnsupported);
}

function matches(user: Person, by: PersonFilter): boolean {
  return 'subjectId' in by ? user.subjectId === by.subjectId : user.clientUserId === by.clientUserId;
}

/** A row without a humanId is the person's, unless it carries another clientUserId than the one looked for. */
function mayMatch(clientUserId: string | null, by: PersonFilter): boolean {
  return 'subjectId' in by || clientUserId === null || clientUserId === by.clientUserId;
}
