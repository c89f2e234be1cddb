import { DAY_MS } from '../../src/domain/policy';
import { WAITS } from '../../src/domain/waits';
import { type RunSources, viewOfRun } from '../../src/use-cases/applicant-view';
import { newState } from '../../src/workflows/applicant-state';
import type { StateAnswer } from '../../src/workflows/contract';

const SOURCES: Omit<RunSources, 'state'> = {
  record: {
    clientUserId: 'POL-1',
    workflowId: 'applicant-POL-1',
    runId: 'run-1',
    standing: 'open',
    startedAtMs: 0,
    closedAtMs: null,
    stage: 'invited',
    outcome: null,
    humanId: 'h-1',
    round: null,
    stageSinceMs: 0,
    openedAtMs: null,
    dueAtMs: null,
    needs: [],
    hasReportedProblems: false,
  },
  failingCalls: [],
  nextCheckAtMs: null,
  isStuck: false,
  closing: null,
  reason: null,
  authorizationReference: null,
  snoozedUntilMs: null,
  manifest: null,
  isStoreMissing: false,
  hold: null,
  degraded: [],
  nowMs: 0,
};

const cancelOf = (change: Partial<StateAnswer>) =>
  viewOfRun({ ...SOURCES, state: { ...newState('POL-1'), ...change } }).actions?.cancel.why;

test('a run is closing as its state has it; the state of 0.2.0 shows it by its wait or its outcome', () => {
  const withdrawing = { waitingFor: WAITS['person-withdrawn'] };
  expect(cancelOf({ isClosing: true })).toBe('closing');
  expect(cancelOf({ isClosing: false, ...withdrawing })).toBeNull();
  expect(cancelOf({})).toBeNull();
  expect(cancelOf(withdrawing)).toBe('closing');
  expect(cancelOf({ outcome: 'partial' })).toBe('closing');
  expect(cancelOf({ ...withdrawing, cancel: { reasonCode: 'other', atMs: 0 } })).toBe('cancelling');
});

const DUE_AT_MS = 5 * DAY_MS;
const openNeeds = { needs: ['quiet', 'stuck-call'], dueAtMs: DUE_AT_MS } as const;
const viewOf = (record: Partial<RunSources['record']>, state: Partial<StateAnswer> | null) =>
  viewOfRun({
    ...SOURCES,
    record: { ...SOURCES.record, ...record },
    state: state && { ...newState('POL-1'), ...state },
  });

test('an applicant that is withdrawn or closing needs no reminder and no other deadline', () => {
  expect(viewOf(openNeeds, {}).needs).toEqual(['quiet', 'stuck-call', 'near-deadline']);
  expect(viewOf(openNeeds, { isClosing: true }).needs).toEqual(['stuck-call']);
  expect(viewOf(openNeeds, { cancel: { reasonCode: 'other', atMs: 0 } })).toMatchObject({ needs: ['stuck-call'] });
});

test('an open run of 0.2.0 has the needs and the deadline of its state', () => {
  expect(viewOf({}, { ...openNeeds })).toMatchObject({
    needs: ['quiet', 'stuck-call', 'near-deadline'],
    deadline: { at: new Date(DUE_AT_MS).toISOString(), kind: 'invitation' },
  });
  expect(viewOf({}, null)).toMatchObject({ needs: [], deadline: null });
});

test('a closed applicant starts again once its run has ended', () => {
  const closed = { standing: 'ended', stage: 'closed', outcome: 'expired' } as const;
  expect(viewOf(closed, null).nextStep?.code).toBe('wait-for-end');
  expect(viewOf({ ...closed, closedAtMs: 1 }, null).nextStep?.code).toBe('start-again');
});
