import { StoreNotFound } from '../../src/report-store/errors';
import type { ReportStore } from '../../src/report-store/port';
import { watchStore } from '../../src/report-store/store-watch';
import { useCleanup } from '../support/cleanup';
import { until } from '../support/condition';

const IDENTITY = { id: '0'.repeat(32), createdAt: '2026-01-01T00:00:00.000Z' };

const cleanup = useCleanup();

function setup({ identifiesLegacy = true, isLegacy = false } = {}) {
  const state = { isReady: false, isLegacy, checks: 0 };
  const logged: string[] = [];
  const stopping = new AbortController();
  const store: Pick<ReportStore, 'identity' | 'identifyLegacy'> = {
    identity: async () => {
      state.checks += 1;
      if (!state.isReady) throw new StoreNotFound('expected a store: run `npm run chartway -- store init`');
      return IDENTITY;
    },
    identifyLegacy: async () => {
      if (!state.isLegacy) return null;
      state.isReady = true;
      return IDENTITY;
    },
  };
  const log = {
    info: (...args: unknown[]) => void logged.push(`info ${args.at(-1)}`),
    error: (...args: unknown[]) => void logged.push(`error ${args.at(-1)}`),
  };
  const watch = watchStore({ store, identifiesLegacy, log, signal: stopping.signal, everyMs: 1 });
  cleanup(() => stopping.abort(new Error('stopped')));
  const checks = async (more: number) => {
    const count = state.checks + more;
    await until('further checks', async () => state.checks >= count);
  };
  return { state, logged, stopping, watch, checks };
}

it('logs once what to do about a missing store, and is ready when it appears', async () => {
  const { state, logged, watch, checks } = setup();
  await checks(5);
  expect(watch.isReady()).toBe(false);
  expect(logged).toEqual(['error REPORT_STORE is not ready: expected a store: run `npm run chartway -- store init`']);
  state.isReady = true;
  await watch.whenReady;
  expect(watch.isReady()).toBe(true);
  expect(logged.slice(1)).toEqual(['info REPORT_STORE is ready']);
});

it('is not ready while the store is away, and gives no identity to a folder in its place', async () => {
  const { state, watch, checks } = setup();
  state.isReady = true;
  await watch.whenReady;
  state.isReady = false;
  state.isLegacy = true;
  await checks(3);
  expect(watch.isReady()).toBe(false);
  state.isReady = true;
  await checks(2);
  expect(watch.isReady()).toBe(true);
});

it('gives a store of 0.1.0 an identity at the start, and logs it', async () => {
  const { logged, watch } = setup({ isLegacy: true });
  await watch.whenReady;
  expect(logged).toEqual(['info REPORT_STORE was made by 0.1.0; it now has an identity']);
});

it('gives no identity in a process that only reads', async () => {
  const { watch, checks } = setup({ identifiesLegacy: false, isLegacy: true });
  await checks(3);
  expect(watch.isReady()).toBe(false);
});

it('resolves whenReady to false when the process stops', async () => {
  const { watch, stopping } = setup();
  stopping.abort(new Error('stopped'));
  expect(await watch.whenReady).toBe(false);
});
