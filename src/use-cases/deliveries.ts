import pLimit from 'p-limit';
import type { EventLog } from '../domain/event-log';
import type { EventSubject } from '../domain/events';
import { createDeliveries } from '../temporal/deliveries';
import { GRPC, hasStatus } from '../temporal/rpc';
import { alteredCursor, decodeCursor, encodeCursor } from './cursor';
import { InvalidInput } from './errors';
import { eventLogsOf, toDeliveryView } from './events';
import { currentMs } from './run-sources';
import { readStore, readTemporal } from './unavailable';
import type { DeliveryQuery, UseCaseDeps } from './use-cases';
import type { DeliveryItem, DeliveryPage } from './views';

const STORE_READS = 16;
/** Pages of this many subjects, where the report store lists them. */
type StoredPage = { readonly subjects: readonly EventSubject[]; readonly token: string };

/**
 * The deliveries of events, with the newest activity first. The logs in the report store decide what an item shows. Where to look comes from the request,
 * from the marks of refused and given-up deliveries, or from Temporal's list of deliveries, which ends with its retention.
 */
export async function listDeliveries(deps: UseCaseDeps, query: DeliveryQuery): Promise<DeliveryPage> {
  const { limit, cursor, ...filters } = query;
  const asOfMs = currentMs(deps);
  checkEndpoint(deps, query.endpoint);
  const begin = cursor === null ? { token: '', beganAtMs: asOfMs, listed: [] } : decodeCursor(cursor, filters, asOfMs);
  const { subjects, token } = await findSubjects(deps, query, begin.token);
  const limited = pLimit(STORE_READS);
  const logs = eventLogsOf(deps);
  const found = await limited.map(
    [...new Map(subjects.map((one) => [`${one.kind} ${one.id}`, one])).values()],
    async (subject) => {
      const log = await readStore(() => logs.read(subject));
      return log === null ? [] : toItems(subject, log, query);
    },
  );
  return {
    items: found.flat(),
    nextCursor: token === '' ? null : encodeCursor({ ...begin, token }, filters, asOfMs),
    asOf: new Date(asOfMs).toISOString(),
  };
}

async function findSubjects(deps: UseCaseDeps, query: DeliveryQuery, token: string): Promise<StoredPage> {
  const { clientUserId, state, endpoint, limit } = query;
  if (clientUserId !== undefined) return { subjects: [{ kind: 'applicant', id: clientUserId }], token: '' };
  if (state === 'refused' || state === 'given-up') return findUndelivered(deps, endpoint, token, limit);
  const deliveries = createDeliveries(deps);
  const page = token === '' ? null : Buffer.from(token, 'base64');
  try {
    const { subjects, next } = await readTemporal(() =>
      state === 'pending' && endpoint !== undefined
        ? deliveries.listRunning(endpoint, page, limit)
        : deliveries.listRecent(endpoint ?? null, page, limit),
    );
    return { subjects, token: next === null ? '' : Buffer.from(next).toString('base64') };
  } catch (error) {
    throw token !== '' && hasStatus(error, GRPC.INVALID_ARGUMENT) ? alteredCursor() : error;
  }
}

/** The token is the last subject of the page before. */
async function findUndelivered(
  deps: UseCaseDeps,
  endpoint: string | undefined,
  token: string,
  limit: number,
): Promise<StoredPage> {
  const logs = eventLogsOf(deps);
  const names = endpoint === undefined ? deps.events.endpoints.map(({ name }) => name) : [endpoint];
  const lists = await readStore(() => Promise.all(names.map((name) => logs.listUndelivered(name))));
  const byKey = new Map(lists.flat().map((subject) => [`${subject.kind}/${subject.id}`, subject]));
  const keys = [...byKey.keys()].sort().filter((key) => key > token);
  const page = keys.slice(0, limit);
  return {
    subjects: page.flatMap((key) => byKey.get(key) ?? []),
    token: keys.length > limit ? (page.at(-1) ?? '') : '',
  };
}

function toItems(subject: EventSubject, log: EventLog, { endpoint, state }: DeliveryQuery): DeliveryItem[] {
  const about = {
    clientUserId: subject.kind === 'batch' ? null : subject.id,
    batchId: subject.kind === 'batch' ? subject.id : null,
  };
  return log.events.toReversed().flatMap((event) =>
    Object.entries(event.deliveries)
      .filter(([name, delivery]) => (endpoint ?? name) === name && (state ?? delivery.state) === delivery.state)
      .map(([name, delivery]) => ({
        eventId: event.id,
        type: event.type,
        timestamp: new Date(event.atMs).toISOString(),
        ...about,
        sequence: event.sequence,
        ...toDeliveryView(name, delivery, event),
      })),
  );
}

function checkEndpoint({ events }: UseCaseDeps, endpoint: string | undefined): void {
  if (endpoint === undefined || events.endpoints.some(({ name }) => name === endpoint)) return;
  const expected = 'the name of an endpoint that GET /api/v1/endpoints lists';
  throw new InvalidInput('parameters', [{ parameter: 'endpoint', code: 'unknown', expected }]);
}
