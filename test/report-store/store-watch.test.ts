import { StoreNotFound } from '../../src/report-store/errors';
import type { ReportStore } from '../../src/report-store/port';
import { watchStore } from '../../src/report-store/store-watch';
import { until } from '../support/condition';

const IDENTITY = { id: '0'.repeat(32), createdAt: '2026-01-01T00:00:00.000Z' };

/** A store that is there or not as the test says, and what is logged of it. */
function setup({ identifiesLegacy = true, adoptable = false } = {}) {
  const state = { isThere: false, adoptable, looks: 0 };
  const said: string[] = [];
  const stopping = new AbortController();
  const store: Pick<ReportStore, 'identity' | 'identifyLegacy'> = {
    identity: async () => {
      state.looks += 1;
      if (!state.isThere) throw new StoreNotFound('expected a store: run `npm run chartway -- store init`');
      return IDENTITY;
    },
    identifyLegacy: async () => {
      if (!state.adoptable) return null;
      state.isThere = true;
      return IDENTITY;
    },
  };
  const log = {
    info: (...args: unknown[]) => void said.push(`info ${args.at(-1)}`),
    error: (...args: unknown[]) => void said.push(`error ${args.at(-1)}`),
  };
  const watch = watchStore({ store, identifiesLegacy, log, signal: stopping.signal, everyMs: 1 });
  afterAllWatches.push(() => stopping.abort(new Error('stopped')));
  const looks = async (more: number) => {
    const after = state.looks + more;
    await until('further looks', 5_000, async () => state.looks >= after);
  };
  return { state, said, stopping, watch, looks };
}

const afterAllWatches: (() => void)[] = [];
afterEach(() => {
  for (const stop of afterAllWatches.splice(0)) stop();
});

it('prints once what to do about a store that is not there, and is ready when it appears', async () => {
  const { state, said, watch, looks } = setup();
  await looks(5);
  expect(watch.isThere()).toBe(false);
  expect(said).toEqual(['error REPORT_STORE is not ready: expected a store: run `npm run chartway -- store init`']);
  state.isThere = true;
  await watch.whenThere;
  expect(watch.isThere()).toBe(true);
  expect(said.slice(1)).toEqual(['info REPORT_STORE is there']);
});

it('is not ready while the store is away, and identifiesLegacy nothing that lies in its place', async () => {
  const { state, watch, looks } = setup();
  state.isThere = true;
  await watch.whenThere;
  state.isThere = false;
  state.adoptable = true;
  await looks(3);
  expect(watch.isThere()).toBe(false);
  state.isThere = true;
  await looks(2);
  expect(watch.isThere()).toBe(true);
});

it('identifiesLegacy a store of 0.1.0 at the start, with one line', async () => {
  const { said, watch } = setup({ adoptable: true });
  await watch.whenThere;
  expect(said).toEqual(['info REPORT_STORE was made by 0.1.0 and has an identity from now on']);
});

it('of a process that only reads identifiesLegacy nothing', async () => {
  const { watch, looks } = setup({ identifiesLegacy: false, adoptable: true });
  await looks(3);
  expect(watch.isThere()).toBe(false);
});

it('ends with the process', async () => {
  const { watch, stopping } = setup();
  stopping.abort(new Error('stopped'));
  await expect(watch.whenThere).rejects.toThrow('stopped');
});
