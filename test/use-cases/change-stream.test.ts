import type { ApplicantRecord } from '../../src/temporal/applicant-record';
import { createChangeList, createChangeStream } from '../../src/use-cases/change-stream';
import type { StreamEvent } from '../../src/use-cases/views';
import { useCleanup } from '../support/cleanup';
import { until } from '../support/condition';
import { useTemporalServer } from '../support/temporal-server';
import { startRun, useCaseDeps } from './deps';

const cleanup = useCleanup();
const temporal = useTemporalServer();

const record = (clientUserId: string, change: Partial<ApplicantRecord> = {}): ApplicantRecord => ({
  clientUserId,
  workflowId: `applicant-${clientUserId}`,
  runId: 'run-1',
  standing: 'open',
  startedAtMs: 1,
  closedAtMs: null,
  stage: 'invited',
  outcome: null,
  humanId: null,
  round: 1,
  stageSinceMs: 1,
  openedAtMs: 1,
  dueAtMs: null,
  needs: [],
  hasReportedProblems: false,
  ...change,
});

/** A stream over a list that the test changes. */
function setup({ commentAfterMs = 60_000 } = {}) {
  const answers = { records: [] as readonly ApplicantRecord[] | null, isDown: false, polls: 0 };
  const stream = createChangeStream({
    list: async () => {
      answers.polls += 1;
      if (answers.isDown) throw new Error('down');
      return answers.records;
    },
    nowMs: Date.now,
    pollEveryMs: 5,
    commentAfterMs,
  });
  const connect = (lastEventId: string | null = null) => {
    const ended = new AbortController();
    const events: StreamEvent[] = [];
    const comments: string[] = [];
    const done = (async () => {
      for await (const event of stream(lastEventId, ended.signal))
        if (event.event === null) comments.push(event.id);
        else events.push(event);
    })();
    const close = async () => {
      ended.abort();
      await done;
    };
    cleanup(close);
    return { events, comments, close };
  };
  return { answers, connect };
}

const idsOf = (events: readonly StreamEvent[]) =>
  events.map(({ event, data }) => ('clientUserId' in data ? data.clientUserId : event));

test('every client gets each change once, and one poll serves all of them', async () => {
  const { answers, connect } = setup();
  const [one, two] = [connect(), connect()];
  answers.records = [record('POL-1'), record('POL-2')];
  await until('the changes', () => one.events.length === 2 && two.events.length === 2);
  const { polls } = answers;
  await until('more polls', () => answers.polls > polls + 3);
  answers.records = [record('POL-1'), record('POL-2', { stage: 'engaged', needs: ['attention'] })];
  await until('the next change', () => one.events.length === 3);
  expect(idsOf(one.events)).toEqual(['POL-1', 'POL-2', 'POL-2']);
  expect(one.events[2]?.data).toMatchObject({ stage: 'engaged', needs: ['attention'], open: true, closedAt: null });
});

test('a client that connects again gets what it missed, or a reset if that is unknown', async () => {
  const { answers, connect } = setup();
  const first = connect();
  answers.records = [record('POL-1')];
  await until('a change', () => first.events.length === 1);
  const last = first.events[0]?.id ?? '';
  // Another client keeps the poll alive.
  connect();
  await first.close();
  answers.records = [record('POL-1', { stage: 'engaged' }), record('POL-2')];
  const again = connect(last);
  await until('what it missed', () => again.events.length === 2);
  expect(idsOf(again.events)).toEqual(['POL-1', 'POL-2']);
  for (const id of ['00000000-1', 'nonsense', last.replace(/-\d+$/, '-99')]) {
    const unknown = connect(id);
    await until('the reset', () => unknown.events.length > 0);
    expect(unknown.events[0]?.event).toBe('reset');
  }
});

test('an outage is reported once, and its end; too many changes are a reset', async () => {
  const { answers, connect } = setup();
  const client = connect();
  answers.isDown = true;
  await until('the outage', () => client.events.length === 1);
  const late = connect();
  await until('the outage of a later client', () => late.events.length === 1);
  answers.records = null;
  answers.isDown = false;
  await until('the end of the outage', () => client.events.length >= 3);
  expect(client.events.slice(0, 3).map((event) => event?.event)).toEqual(['degraded', 'recovered', 'reset']);
});

test('a quiet stream has comments with the position of the client, the first at once', async () => {
  const { answers, connect } = setup({ commentAfterMs: 5 });
  // Another client keeps the poll alive.
  connect();
  const { events, comments, close } = connect();
  await until('comments', () => comments.length >= 2);
  expect(events).toEqual([]);
  await close();
  answers.records = [record('POL-1')];
  const again = connect(comments[0]);
  await until('what it missed', () => again.events.length === 1);
  expect(idsOf(again.events)).toEqual(['POL-1']);
});

test('Temporal lists new stages, runs that were ended by force, and changed needs', async () => {
  const { deps } = useCaseDeps(temporal().client, { taskQueue: 'stream' });
  const sinceMs = Date.now() - 1_000;
  const old = { ApplicantStage: ['invited'], ApplicantStageSince: [new Date(0)] };
  const list = createChangeList(deps);
  const ids = async () =>
    ((await list(sinceMs)) ?? []).map(({ clientUserId, standing }) => `${clientUserId} ${standing}`);
  await startRun(deps, 'S-NEW', { ...old, ApplicantStageSince: [new Date()] });
  const forced = await startRun(deps, 'S-FORCED', old);
  await startRun(deps, 'S-OLD', old);
  await forced.terminate('test');
  await until('the changes', async () => (await ids()).join() === 'S-FORCED forced,S-NEW open');
  await startRun(deps, 'S-NEED', { ...old, ApplicantNeeds: ['quiet'] });
  await until('the need', async () => (await ids()).includes('S-NEED open'));
});
