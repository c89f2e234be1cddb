import { randomBytes } from 'node:crypto';
import { type EndpointState, openEndpoints } from '../events/endpoints';
import { createEventSender } from '../events/sender';
import type { Endpoint } from '../events/settings';
import type { AuditedAct } from '../observability/audit-chain';
import { createDeliveries } from '../temporal/deliveries';
import type { EventPeriod } from '../workflows/contract';
import { InvalidInput, NotFound } from './errors';
import { tryReadTemporal } from './read-attempt';
import { recordAct } from './record-act';
import { currentMs } from './run-sources';
import { changeTemporal, readStore } from './unavailable';
import type { Actor, UseCaseDeps } from './use-cases';
import type { EndpointsView, EndpointTestView, EndpointView } from './views';

/** The endpoints of the configuration. `degraded`: the oldest pending event is unknown. @throws {Unavailable} if the store cannot be read */
export async function listEndpoints(deps: UseCaseDeps): Promise<EndpointsView> {
  const views = await Promise.all(deps.events.endpoints.map((endpoint) => viewEndpoint(deps, endpoint)));
  return {
    items: views.map(({ view }) => view),
    asOf: new Date(currentMs(deps)).toISOString(),
    degraded: views.some(({ isMissing }) => isMissing) ? ['temporal-unavailable'] : [],
  };
}

/** Nothing is sent until it is resumed; events wait and are not given up. */
export function pauseEndpoint(deps: UseCaseDeps, name: string, actor: Actor): Promise<EndpointView> {
  return changeEndpoint(deps, name, actor, {
    did: 'endpoint-pause',
    from: ['active', 'failing', 'stopped'],
    to: 'paused',
  });
}

/** Also of an endpoint that stopped or fails: events are sent now. */
export function resumeEndpoint(deps: UseCaseDeps, name: string, actor: Actor): Promise<EndpointView> {
  return changeEndpoint(deps, name, actor, {
    did: 'endpoint-resume',
    from: ['paused', 'stopped', 'failing'],
    to: 'active',
  });
}

/** Sends a signed event of the type `endpoint.test` now, from this process, whatever the state of the endpoint. */
export function testEndpoint(deps: UseCaseDeps, name: string, actor: Actor): Promise<EndpointTestView> {
  const endpoint = findEndpoint(deps, name);
  return recordAct(deps, actor, { did: 'endpoint-test', detail: name }, async () => {
    const sender = createEventSender(deps.events);
    try {
      const id = `evt_test_${randomBytes(8).toString('hex')}`;
      const timestamp = new Date(currentMs(deps)).toISOString();
      const body = JSON.stringify({ id, type: 'endpoint.test', timestamp, data: {} });
      const { status, failure, durationMs } = await sender.send(endpoint, { id, body });
      return { delivered: failure === null, status, failure, durationMs };
    } finally {
      await sender.close();
    }
  });
}

/** Sends what was not delivered of the events that were made in this period. The work continues in the background. @throws {InvalidInput} */
export async function recoverEndpoint(
  deps: UseCaseDeps,
  name: string,
  period: EventPeriod,
  actor: Actor,
): Promise<EndpointView> {
  const endpoint = findEndpoint(deps, name);
  if (period.sinceMs > period.untilMs)
    throw new InvalidInput('body', [
      { pointer: '/since', code: 'range', expected: 'a time that is not after `until`' },
    ]);
  return recordAct(deps, actor, { did: 'endpoint-recover', detail: name }, async () => {
    await changeTemporal(() => createDeliveries(deps).requestEndpoint(name, { recover: period }));
    return (await viewEndpoint(deps, endpoint)).view;
  });
}

function changeEndpoint(
  deps: UseCaseDeps,
  name: string,
  actor: Actor,
  { did, from, to }: { readonly did: AuditedAct; readonly from: readonly EndpointState[]; readonly to: EndpointState },
): Promise<EndpointView> {
  const endpoint = findEndpoint(deps, name);
  return recordAct(deps, actor, { did, detail: name }, async () => {
    await readStore(() => openEndpoints(deps.reportStore.shelf).change(name, from, to));
    // Also if it was so already: an earlier call may have ended before this.
    if (to === 'active') await changeTemporal(() => createDeliveries(deps).requestEndpoint(name));
    return (await viewEndpoint(deps, endpoint)).view;
  });
}

function findEndpoint({ events }: UseCaseDeps, name: string): Endpoint {
  const endpoint = events.endpoints.find((one) => one.name === name);
  if (endpoint === undefined) throw new NotFound('EVENTS_URL has no such endpoint');
  return endpoint;
}

async function viewEndpoint(deps: UseCaseDeps, { name, url }: Endpoint) {
  const { state, since, lastSuccess } = await readStore(() => openEndpoints(deps.reportStore.shelf).read(name));
  const oldest = await tryReadTemporal(createDeliveries(deps).findOldestMs(name));
  const view: EndpointView = {
    name,
    url: withoutQuery(url),
    state,
    since,
    oldestPending: oldest.value === null ? null : new Date(oldest.value).toISOString(),
    lastSuccess,
  };
  return { view, isMissing: oldest.isMissing };
}

/** The query may hold a token. */
function withoutQuery(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}
