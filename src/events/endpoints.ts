import type { Shelf } from '../report-store/shelf';

/**
 * `failing`: deliveries wait while it is probed. `paused`: an operator paused it. `stopped`: it answered 410. The last two last until an operator
 * resumes it.
 */
export const ENDPOINT_STATES = ['active', 'failing', 'paused', 'stopped'] as const;
export type EndpointState = (typeof ENDPOINT_STATES)[number];

/** Times are ISO 8601. */
export interface EndpointStatus {
  readonly state: EndpointState;
  /** When the state began; null: it has always been active. */
  readonly since: string | null;
  readonly lastSuccess: string | null;
  /** Of deliveries that waited meanwhile, the period counts from here. */
  readonly resumedAt: string | null;
}

/** The states of the endpoints, in the report store, so that every process sees the same. */
export interface Endpoints {
  read(name: string): Promise<EndpointStatus>;
  /** As {@link read}, at most {@link CACHED_MS} old. */
  readCached(name: string): Promise<EndpointStatus>;
  /** Changes the state if it is one of `from`; returns the state after it, and whether it changed. */
  change(
    name: string,
    from: readonly EndpointState[],
    to: EndpointState,
  ): Promise<{ readonly status: EndpointStatus; readonly hasChanged: boolean }>;
  /** Recorded at most every {@link SUCCESS_EVERY_MS}. */
  recordSuccess(name: string): Promise<void>;
}

const FOLDER = 'endpoints';
const ACTIVE: EndpointStatus = { state: 'active', since: null, lastSuccess: null, resumedAt: null };
const CACHED_MS = 2_000;
const SUCCESS_EVERY_MS = 10_000;

export function openEndpoints(shelf: Shelf, nowMs: () => number = Date.now): Endpoints {
  const cache = new Map<string, { readonly atMs: number; readonly status: EndpointStatus }>();
  const succeededAtMs = new Map<string, number>();
  const fileOf = (name: string) => `${FOLDER}/${name}.json`;
  const remember = (name: string, status: EndpointStatus) => {
    cache.set(name, { atMs: nowMs(), status });
    return status;
  };

  async function read(name: string): Promise<EndpointStatus> {
    return remember(name, parseStatus(await shelf.get(fileOf(name))));
  }

  async function update(name: string, change: (status: EndpointStatus) => EndpointStatus) {
    let before = ACTIVE;
    let after = ACTIVE;
    await shelf.update(fileOf(name), (bytes) => {
      before = parseStatus(bytes);
      after = change(before);
      return after === before ? 'keep' : Buffer.from(`${JSON.stringify(after)}\n`);
    });
    return { status: remember(name, after), hasChanged: after !== before };
  }

  return {
    read,
    async readCached(name) {
      const known = cache.get(name);
      return known !== undefined && nowMs() - known.atMs < CACHED_MS ? known.status : read(name);
    },
    change: (name, from, to) =>
      update(name, (status) => {
        if (status.state === to || !from.includes(status.state)) return status;
        const now = new Date(nowMs()).toISOString();
        const resumedAt = to === 'active' ? now : status.resumedAt;
        return { ...status, state: to, since: now, resumedAt };
      }),
    async recordSuccess(name) {
      if (nowMs() - (succeededAtMs.get(name) ?? Number.NEGATIVE_INFINITY) < SUCCESS_EVERY_MS) return;
      succeededAtMs.set(name, nowMs());
      await update(name, (status) => ({ ...status, lastSuccess: new Date(nowMs()).toISOString() }));
    },
  };
}

/** A damaged file counts as active, because events must not stop. */
function parseStatus(bytes: Buffer | null): EndpointStatus {
  try {
    return bytes === null ? ACTIVE : { ...ACTIVE, ...(JSON.parse(bytes.toString()) as EndpointStatus) };
  } catch {
    return ACTIVE;
  }
}
