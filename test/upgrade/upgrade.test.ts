import type { CarriedFacts } from '../../src/domain/carried-facts';
import { completePolicy, DEFAULT_POLICY } from '../../src/domain/policy';
import { type Refresh, upgradeRefresh } from '../../src/domain/refresh';
import { mergeManifest } from '../../src/report-store/manifest';
import { manifestText, parseManifest } from '../../src/report-store/manifest-file';
import { upgradeState } from '../../src/workflows/applicant-state';
import type { ApplicantState, CollectRecordsInput } from '../../src/workflows/contract';
import { textOf, VERSIONS, type Version, writtenBy } from './stored';

const CARRIED = ['carried-claim', 'carried-collecting'];
/** Every carried state. */
const STATES: readonly (readonly [Version, string])[] = [
  ...VERSIONS.flatMap((version) => CARRIED.map((name) => [version, name] as const)),
  ['0.1.0', 'carried-2099'],
];

function stateOf(version: Version, name: string): ApplicantState & { facts: CarriedFacts } {
  const { carried } = writtenBy<CollectRecordsInput>(version, name);
  if (!carried?.facts) throw new Error(`${name} carries no facts`);
  return { ...carried, facts: carried.facts };
}

/** Every field of the first is in the second, with the same value. */
function expectKept(written: object, upgraded: object): void {
  expect(upgraded).toMatchObject(written);
}

/** A value without one of its fields, as an earlier version without this field writes it. */
function without<T extends object>(value: T, key: keyof T): T {
  const { [key]: _omitted, ...rest } = value;
  return rest as T;
}

describe.each(VERSIONS)('%s wrote, and an upgrade keeps', (version) => {
  test.each(['input', 'input-again', ...CARRIED])('the policy of %s', (name) => {
    const { policy } = writtenBy<CollectRecordsInput>(version, name);
    expectKept(policy, completePolicy(policy));
  });

  test.each(CARRIED)('the state of %s', (name) => {
    const { facts, ...rest } = stateOf(version, name);
    const { read, ...others } = facts;
    const upgraded = upgradeState({ ...rest, facts });
    expectKept(rest, upgraded);
    expectKept(others, upgraded.facts ?? {});
    const { status, updatedAtMs, askedAtMs } = read;
    expect(upgraded.facts?.read).toEqual({ status, updatedAtMs, askedAtMs });
  });

  test('the state of a refresh', () => {
    const { carried } = writtenBy<{ carried: Refresh }>(version, 'refresh');
    expectKept(carried, upgradeRefresh(carried));
  });

  test.each([
    ['POL-A', 'manifest-open'],
    ['POL-C', 'manifest-collected'],
    ['POL-D', 'manifest-conflict'],
  ])('the manifest of %s', (clientUserId, name) => {
    expectKept(writtenBy(version, name), parseManifest(clientUserId, textOf(version, name)));
  });

  test('a manifest that takes the next change', () => {
    const before = parseManifest('POL-A', textOf(version, 'manifest-open'));
    const { refreshedAt: _refreshedAt, timeline: _timeline, ...change } = before;
    const closing = {
      outcome: 'partial',
      closedAt: '2026-12-01T00:00:00.000Z',
      revision: before.revision + 1,
    } as const;
    const closed = mergeManifest(before, { ...change, ...closing });
    expect(parseManifest('POL-A', manifestText(closed))).toMatchObject({
      outcome: 'partial',
      openedAt: before.openedAt,
      documents: before.documents.map(({ file, sha256 }) => ({ file, sha256 })),
    });
  });
});

test('the read that 0.1.0 took as dated 2099 loses its date', () => {
  const state = stateOf('0.1.0', 'carried-2099');
  expect(state.facts.read.updatedAtMs).toBeGreaterThan(Date.UTC(2098));
  expect(upgradeState(state).facts?.read.updatedAtMs).toBeNull();
});

describe('a field that the version which wrote it did not have', () => {
  test.each(STATES)('has the value of a new state in %s/%s', (version, name) => {
    const state = stateOf(version, name);
    const newState = upgradeState({ clientUserId: state.clientUserId } as ApplicantState);
    for (const key of Object.keys({ ...newState, ...state }) as (keyof ApplicantState)[]) {
      if (key === 'clientUserId' || key === 'stageSinceMs') continue;
      expect([key, upgradeState(without(state, key))[key]]).toEqual([key, newState[key]]);
    }
    expect(upgradeState(state)).toMatchObject({
      needs: [],
      dueAtMs: null,
      timeline: { entries: [], omitted: 0 },
      recordedOccurrences: 0,
      failure: null,
      collection: { wantedAgainAtMs: null },
    });
  });

  test.each(STATES)('has not happened yet in %s/%s, if it is one of the facts', (version, name) => {
    const state = stateOf(version, name);
    const statusKeys = ['claim', 'beforeClaim', 'contradiction', 'absence'] as const;
    for (const key of [...statusKeys, 'engagedAtMs', 'engagementHintAtMs', 'extensionMs'] as const) {
      const upgraded = upgradeState({ ...state, facts: without(state.facts, key) });
      expect([key, upgraded.facts?.[key]]).toEqual([key, null]);
    }
  });

  const { carried } = writtenBy<{ carried: Refresh }>('0.1.0', 'refresh');

  test('has the value of a new refresh', () => {
    const upgraded = upgradeRefresh(without(without(carried, 'stored'), 'ignored'));
    expect(upgraded).toMatchObject({ stored: 0, ignored: 0, checks: null, awaited: carried.awaited });
  });

  test("has today's default in the policy of a refresh", () => {
    const { round } = carried;
    if (!round) throw new Error('the refresh has read no manifest');
    const policy = without(round.policy, 'settleMs');
    const upgraded = upgradeRefresh({ ...carried, round: { ...round, policy } });
    expect(upgraded.round?.policy.settleMs).toEqual(DEFAULT_POLICY.settleMs);
  });
});

test('continue-as-new keeps a field of a later version', () => {
  const state = { ...stateOf('0.2.0', 'carried-claim'), addedLater: 1 };
  expect(upgradeState(state)).toMatchObject({ addedLater: 1 });
});
