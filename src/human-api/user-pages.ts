import { Unavailable } from './errors';
import { contentOf, type Envelopes, isNobody, type Reply } from './reply';
import { type User, usersFrom } from './wire';

/** Whom to look up. */
export type UserFilter = { readonly clientUserId: string } | { readonly humanId: string };

/** No page size is documented for users (50 elsewhere); a reply of fewer than this cannot be a full page. */
const SHORT_PAGE = 10;
/** A list that has not ended by then ignores our filter and our offset. */
const MOST_PAGES = 20;

/**
 * Everybody the filter finds, page by page; `[]` and a 404 that is upstream's own word both mean nobody. A look-up is one call unless upstream's page
 * is full of others, which means that it ignores the filter. @throws Unavailable where the end is not found, Undecided
 */
export async function everyUser(
  by: UserFilter,
  askPage: (query: Record<string, string>) => Promise<Reply<Buffer>>,
  envelopes: Envelopes,
): Promise<User[]> {
  const found = new Map<string, User>();
  let offset = 0;
  for (let page = 1; ; page++) {
    const reply = await askPage(offset === 0 ? { ...by } : { ...by, offset: String(offset) });
    if (isNobody(reply, envelopes)) return [...found.values()];
    const { users, received } = usersFrom(reply.facts, contentOf(reply));
    const known = found.size;
    for (const user of users) found.set(user.humanId, user);
    const last = received < SHORT_PAGE || found.size === known || users.some((user) => isMeant(user, by));
    if (last) return [...found.values()];
    if (page === MOST_PAGES)
      throw new Unavailable(reply.facts, `expected a list of users that ends, ${page} pages came`);
    offset += received;
  }
}

function isMeant(user: User, by: UserFilter): boolean {
  return 'humanId' in by ? user.humanId === by.humanId : user.clientUserId === by.clientUserId;
}
