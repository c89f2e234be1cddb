import { completePolicy, DEFAULT_POLICY } from '../../src/domain/policy';
import { type Refresh, upgradeRefresh } from '../../src/domain/refresh';
import { mergeManifest } from '../../src/report-store/manifest';
import { manifestText, parseManifest } from '../../src/report-store/manifest-file';
import { upgradeState } from '../../src/workflows/applicant';
import type { ApplicantState, CollectRecordsInput } from '../../src/workflows/contract';
import { textOf010, writtenBy010 } from './stored';

const CARRIED = ['carried-claim', 'carried-collecting', 'carried-2099'];

function stateOf(name: string): ApplicantState {
  const { carried } = writtenBy010<CollectRecordsInput>(name);
  if (!carried) throw new Error(`${name} carries no state`);
  return carried;
}

/** Every field of the first is in the second, with the same value. */
function expectKept(written: object, upgraded: object): void {
  expect(upgraded).toMatchObject(written);
}

/** A value without one of its fields, as a version that does not know it would have written it. */
function without<T extends object>(value: T, key: keyof T): T {
  const { [key]: _left, ...rest } = value;
  return rest as T;
}

describe('what 0.1.0 wrote stays as it was', () => {
  test.each(['input', 'input-again', ...CARRIED])('the policy of %s', (name) => {
    const { policy } = writtenBy010<CollectRecordsInput>(name);
    expectKept(policy, completePolicy(policy));
  });

  test.each(['carried-claim', 'carried-collecting'])('the state of %s', (name) => {
    const state = stateOf(name);
    const { facts, ...rest } = state;
    const { read, ...known } = facts ?? never();
    const upgraded = upgradeState(state);
    expectKept(rest, upgraded);
    expectKept(known, upgraded.facts ?? {});
    const { status, updatedAtMs, askedAtMs } = read;
    expect(upgraded.facts?.read).toEqual({ status, updatedAtMs, askedAtMs });
  });

  test('the state of a refresh', () => {
    const { carried } = writtenBy010<{ carried: Refresh }>('refresh');
    expectKept(carried, upgradeRefresh(carried));
  });

  test.each([
    ['POL-A', 'manifest-open'],
    ['POL-C', 'manifest-collected'],
    ['POL-D', 'manifest-conflict'],
  ])('the manifest of %s', (clientUserId, name) => {
    expectKept(writtenBy010(name), parseManifest(clientUserId, textOf010(name)));
  });
});

test('the read that 0.1.0 took as dated 2099 loses its date', () => {
  expect(stateOf('carried-2099').facts?.read.updatedAtMs).toBeGreaterThan(Date.UTC(2098));
  expect(upgradeState(stateOf('carried-2099')).facts?.read.updatedAtMs).toBeNull();
});

describe('a field that the version which wrote it did not know', () => {
  test.each(CARRIED)('has the value of a new state in %s, whichever field of the state it is', (name) => {
    const state = stateOf(name);
    const fresh = { ...upgradeState({ clientUserId: state.clientUserId } as ApplicantState) };
    for (const key of Object.keys(state) as (keyof ApplicantState)[]) {
      if (key === 'clientUserId' || key === 'stageSinceMs') continue;
      expect([key, upgradeState(without(state, key))[key]]).toEqual([key, fresh[key]]);
    }
  });

  test.each(CARRIED)('has not happened yet in %s, where it is one of the facts', (name) => {
    const { facts } = stateOf(name);
    const status = ['claim', 'beforeClaim', 'contradiction', 'absence'] as const;
    const times = ['engagedAtMs', 'engagementHintAtMs', 'extensionMs'] as const;
    for (const key of [...status, ...times]) {
      const upgraded = upgradeState({ ...stateOf(name), facts: without(facts ?? never(), key) });
      expect([key, upgraded.facts?.[key]]).toEqual([key, null]);
    }
  });

  test('has the value of a new refresh', () => {
    const { carried } = writtenBy010<{ carried: Refresh }>('refresh');
    const upgraded = upgradeRefresh(without(without(carried, 'stored'), 'ignored'));
    expect(upgraded).toMatchObject({ stored: 0, ignored: 0, checks: null, awaited: carried.awaited });
  });

  test("has today's default in the policy of a refresh", () => {
    const { carried } = writtenBy010<{ carried: Refresh }>('refresh');
    const { round } = carried;
    if (!round) throw new Error('the refresh has read no manifest');
    const policy = without(round.policy, 'settleMs');
    const upgraded = upgradeRefresh({ ...carried, round: { ...round, policy } });
    expect(upgraded.round?.policy.settleMs).toEqual(DEFAULT_POLICY.settleMs);
  });
});

test('continue-as-new keeps a field of a later version', () => {
  const state = { ...stateOf('carried-claim'), later: 1 };
  expect(upgradeState(state)).toMatchObject({ later: 1 });
});

test('a manifest of 0.1.0 takes the next change', () => {
  const before = parseManifest('POL-A', textOf010('manifest-open'));
  const { refreshedAt: _refreshedAt, ...change } = before;
  const closing = { outcome: 'partial', closedAt: '2026-12-01T00:00:00.000Z', revision: 1 } as const;
  const closed = mergeManifest(before, { ...change, ...closing });
  expect(parseManifest('POL-A', manifestText(closed))).toMatchObject({
    outcome: 'partial',
    openedAt: before.openedAt,
    documents: before.documents.map(({ file, sha256 }) => ({ file, sha256 })),
  });
});

function never(): never {
  throw new Error('the fixture has no facts');
}
