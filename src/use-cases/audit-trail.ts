import pLimit from 'p-limit';
import { z } from 'zod';
import { CARRIER_CODE } from '../observability/audit-chain';
import { type AuditLine, type AuditPosition, comparePositions, readNewestLines } from '../observability/audit-read';
import { auditItemsOf } from './audit-manifest';
import { decodeCursor, encodeCursor, parseCursorPart } from './cursor';
import { Unavailable } from './errors';
import { currentMs } from './run-sources';
import { readStore } from './unavailable';
import type { Actor, UseCaseDeps, UseCases } from './use-cases';
import type { AuditItem, AuditPage } from './views';

type AuditQuery = Parameters<UseCases['audit']>[0];
type PlacedItem = AuditItem & { readonly position: AuditPosition };

/** Each page reads the whole log, so few run at once. */
const scans = pLimit(2);
const POSITION = z.object({ at: z.string(), chain: z.string(), n: z.int() });
/** Sorts after the names of chains, which begin with digits. */
const MANIFEST = 'manifest';

/**
 * The chains of all processes that share the folder; for one applicant merged with its manifest. The reading is recorded first, so the first page has
 * its own line. Does not verify the chains.
 */
export async function readAuditTrail(deps: UseCaseDeps, query: AuditQuery, actor: Actor): Promise<AuditPage> {
  const { clientUserId, who, limit } = query;
  const nowMs = currentMs(deps);
  const filters = { clientUserId, who };
  const cursor = query.cursor === null ? null : decodeCursor(query.cursor, filters, nowMs);
  const before: AuditPosition | null = cursor && parseCursorPart(cursor.token, POSITION);
  await deps.audit.record({ ...actor, did: 'audit-read', clientUserId, detail: describeFilter(who) });
  const lines = await scans(() => readLines(deps, { ...filters, before, limit: limit + 1 }));
  const recorded = who === undefined || who === 'worker' ? await readManifestItems(deps, clientUserId) : [];
  const all = [...lines.map(toItem), ...recorded]
    .filter(({ position }) => before === null || comparePositions(position, before) < 0)
    .sort((a, b) => comparePositions(b.position, a.position));
  const page = all.slice(0, limit);
  const last = page.at(-1);
  const hasMore = all.length > limit && last !== undefined;
  return {
    items: page.map(({ position: _position, ...item }) => item),
    nextCursor: hasMore
      ? encodeCursor(
          { token: JSON.stringify(last.position), beganAtMs: cursor?.beganAtMs ?? nowMs, listed: [] },
          filters,
          nowMs,
        )
      : null,
    asOf: new Date(nowMs).toISOString(),
  };
}

function describeFilter(who: string | undefined): string | undefined {
  if (who === undefined) return undefined;
  return CARRIER_CODE.test(who) ? `actor ${who}` : 'an actor';
}

async function readLines(
  { auditFolder }: UseCaseDeps,
  query: Parameters<typeof readNewestLines>[1],
): Promise<readonly AuditLine[]> {
  try {
    return await readNewestLines(auditFolder, query);
  } catch (error) {
    throw new Unavailable('audit', 'nothing', error);
  }
}

/** None without an applicant: only an applicant has a manifest. */
async function readManifestItems(
  { reportStore }: UseCaseDeps,
  clientUserId: string | undefined,
): Promise<readonly PlacedItem[]> {
  if (clientUserId === undefined) return [];
  const manifest = await readStore(() => reportStore.readManifest(clientUserId));
  return (manifest ? auditItemsOf(manifest) : []).map((item, n) => ({
    ...item,
    position: { at: item.at, chain: MANIFEST, n },
  }));
}

function toItem({ at, chain, n, entry }: AuditLine): PlacedItem {
  const { who, did, clientUserId, documentId, authorizationReference, onBehalfOf, detail } = entry;
  return {
    at,
    who,
    did,
    clientUserId: clientUserId ?? null,
    documentId: documentId ?? null,
    authorizationReference: authorizationReference ?? null,
    onBehalfOf: onBehalfOf ?? null,
    detail: detail ?? null,
    source: 'audit',
    position: { at, chain, n },
  };
}
