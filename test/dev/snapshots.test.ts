import type { Client } from '@temporalio/client';
import { ChangeWatch } from '../../src/dev/change-watch';
import { type ApplicantSnapshot, createSnapshotReader, createSnapshotSource } from '../../src/dev/snapshots';
import type { ApplicantRun } from '../../src/domain/applicant-run';
import { emptyCollection } from '../../src/domain/collection';
import type { ApplicantState } from '../../src/workflows/contract';
import { snapshot } from './fixture';

const RUN: ApplicantRun = {
  clientUserId: 'POL-1',
  workflowId: 'applicant-POL-1',
  runId: 'r1',
  standing: 'open',
  humanId: null,
  stage: 'syncing',
  outcome: null,
  startedAtMs: 7,
  closedAtMs: null,
};

describe('a snapshot', () => {
  function setup(state: Partial<ApplicantState> | Error, runs: readonly ApplicantRun[] = [RUN]) {
    const readState = jest.fn(async () => {
      if (state instanceof Error) throw state;
      return { collection: emptyCollection(), outcome: null, reason: null, ...state } as ApplicantState;
    });
    const readSnapshots = createSnapshotReader({
      list: async () => runs,
      readState,
      read: async (clientUserId) =>
        clientUserId === 'POL-unknown' ? null : { ...RUN, clientUserId, runId: clientUserId, reason: 'conflict' },
    });
    return { readState, readSnapshots };
  }

  test('has the state of the workflow and the number of its documents', async () => {
    const { readSnapshots } = setup({ stage: 'syncing', waitingFor: 'records', waitingUntilMs: 9 });
    expect(await readSnapshots([])).toEqual([
      snapshot({ startedAtMs: 7, stage: 'syncing', waitingFor: 'records', waitingUntilMs: 9 }),
    ]);
  });

  test.each([
    ['collecting', null],
    ['closed', 'collected'],
  ] as const)('in the stage %s has the outcome %s', async (stage, outcome) => {
    const [read] = await setup({ stage, outcome: 'collected' }).readSnapshots([]);
    expect(read?.outcome).toBe(outcome);
  });

  test('without an answer of the worker has what Temporal lists', async () => {
    const closed: ApplicantRun = { ...RUN, standing: 'ended', stage: 'closed', outcome: 'failed' };
    const [open, ended] = await setup(new Error('no worker'), [RUN, closed]).readSnapshots([]);
    expect(open).toMatchObject({ stage: 'syncing', outcome: null, reason: null, documents: null });
    expect(ended).toMatchObject({ stage: 'closed', outcome: 'failed', reason: 'conflict', documents: null });
  });

  test('of a closed run is read once, of a new run again', async () => {
    const runs = [RUN];
    const { readState, readSnapshots } = setup({ stage: 'closed', outcome: 'collected' }, runs);
    await readSnapshots([]);
    await readSnapshots([]);
    expect(readState).toHaveBeenCalledTimes(1);
    runs[0] = { ...RUN, runId: 'r2' };
    await readSnapshots([]);
    expect(readState).toHaveBeenCalledTimes(2);
  });

  test('is also read of an expected applicant that is not listed yet', async () => {
    const read = await setup({ stage: 'inviting' }).readSnapshots(['POL-1', 'POL-2', 'POL-unknown']);
    expect(read.map(({ clientUserId }) => clientUserId)).toEqual(['POL-1', 'POL-2']);
  });
});

describe('a change', () => {
  async function watch(...reads: (readonly ApplicantSnapshot[] | Error)[]) {
    const listener = { onChange: jest.fn(), onRead: jest.fn(), onFailure: jest.fn() };
    const changes = new ChangeWatch(async () => {
      const next = reads.shift() ?? [];
      if (next instanceof Error) throw next;
      return next;
    }, listener);
    while (reads.length > 0) await changes.tick();
    return { ...listener, snapshots: changes.snapshots };
  }

  test('is reported once', async () => {
    const invited = snapshot({ stage: 'invited' });
    const { onChange } = await watch([snapshot()], [snapshot()], [invited], [invited]);
    expect(onChange.mock.calls).toEqual([[snapshot()], [invited]]);
  });

  test('of what the applicant waits for, or to an unknown number of documents, is not reported', async () => {
    const waiting = snapshot({ documents: null, waitingFor: 'the person' });
    const { onChange, snapshots } = await watch([snapshot({ documents: 2 })], [waiting]);
    expect(onChange).toHaveBeenCalledTimes(1);
    expect(snapshots.get('POL-1')).toEqual({ ...waiting, documents: 2 });
  });

  test('to an end does not keep the number of documents of an earlier stage', async () => {
    const closed = snapshot({ stage: 'closed', outcome: 'collected', documents: null });
    const { onChange, snapshots } = await watch([snapshot({ documents: 2 })], [closed], [{ ...closed, documents: 3 }]);
    expect(onChange).toHaveBeenNthCalledWith(2, closed);
    expect(snapshots.get('POL-1')?.documents).toBe(3);
  });

  test('keeps the order of the starts', async () => {
    const [first, second] = [snapshot({ startedAtMs: 1 }), snapshot({ clientUserId: 'POL-2', startedAtMs: 2 })];
    const { onRead } = await watch([second, first]);
    expect(onRead.mock.calls).toEqual([[[first, second]]]);
  });

  test('cannot be read: the first of consecutive failures is reported', async () => {
    const fault = new Error('unreachable');
    const { onFailure } = await watch(fault, fault, [], fault);
    expect(onFailure.mock.calls).toEqual([[fault], [fault]]);
  });
});

test('a call to Temporal for a snapshot ends after 3 s', async () => {
  jest.spyOn(Date, 'now').mockReturnValue(5_000);
  const deadlines: number[] = [];
  const withDeadline = async (untilMs: number) => {
    deadlines.push(untilMs);
    throw new Error('no answer');
  };
  const client = { options: {}, withDeadline } as unknown as Client;
  const source = createSnapshotSource(client, 'queue');
  for (const call of [source.list(), source.read('POL-1'), source.readState('POL-1')]) {
    await expect(call).rejects.toThrow('no answer');
  }
  expect(deadlines).toEqual([8_000, 8_000, 8_000]);
  jest.restoreAllMocks();
});
