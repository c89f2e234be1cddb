import { DAY_MS } from '../../src/domain/policy';
import { StoreUnavailable } from '../../src/report-store/errors';
import { GRPC } from '../../src/temporal/rpc';
import { createUseCases } from '../../src/use-cases/create-use-cases';
import { encodeCursor } from '../../src/use-cases/cursor';
import type { InvalidInput } from '../../src/use-cases/errors';
import type { ListQuery } from '../../src/use-cases/use-cases';
import type { ApplicantView } from '../../src/use-cases/views';
import { until } from '../support/condition';
import { useTemporalServer } from '../support/temporal-server';
import { failingClient, startRun } from './deps';
import { type Setup, setup } from './fixture';

const temporalServer = useTemporalServer();
/** 2,000 pass too, but their starts take a minute on a busy machine. */
const COUNT = 200;
const ALL: ListQuery = { limit: 200, cursor: null };

/** Starts invited runs without input, in parallel. */
async function startRuns({ deps }: Setup, clientUserIds: readonly string[]): Promise<void> {
  const attributes = {
    ApplicantStage: ['invited'],
    ApplicantStageSince: [new Date()],
    ApplicantOpenedAt: [new Date()],
    ApplicantRound: [1],
  };
  await Promise.all(clientUserIds.map((clientUserId) => startRun(deps, clientUserId, attributes)));
}

/** Waits until the list has `count` applicants, and returns them. */
function untilListed({ useCases }: Setup, count: number, filters: Partial<ListQuery> = {}) {
  return until(`${count} listed applicants`, async () => {
    const { items } = await useCases.list({ ...ALL, ...filters });
    return items.length === count && items;
  });
}

function ids(items: readonly ApplicantView[]): string[] {
  return items.map(({ clientUserId }) => clientUserId).sort();
}

test('every filter selects the applicants that match it; a prefix is case-sensitive', async () => {
  const server = temporalServer();
  const own = setup(server);
  const { start, upsert, useCases, clientUserId, handle } = own;
  await start({ authorizationReference: 'AUTH-9' });
  await startRuns(setup(server), ['case-of-another-queue']);
  const dueAt = new Date(Date.now() + 3_600_000);
  await upsert({
    ApplicantStage: 'attention',
    ApplicantNeeds: ['attention', 'stuck-call'],
    HumanId: 'h-1',
    ApplicantDueAt: dueAt,
    ApplicantStageSince: '2026-03-01T10:00:00.123Z',
  });
  await startRuns(own, ['case-1', 'CASE-1', 'case_2']);
  const stageSinceMs = Date.parse('2026-03-01T10:00:00.123Z');
  await untilListed(own, 4);
  await untilListed(own, 1, { stage: 'attention' });
  const list = async (filters: Partial<ListQuery>) => ids((await useCases.list({ ...ALL, ...filters })).items);
  expect(await list({ prefix: 'case' })).toEqual(['case-1', 'case_2']);
  expect(await list({ prefix: 'case_' })).toEqual(['case_2']);
  expect(await list({ prefix: 'x" OR WorkflowId STARTS_WITH "applicant' })).toEqual([]);
  const matching: readonly Partial<ListQuery>[] = [
    { humanId: 'h-1' },
    { needs: ['stuck-call', 'attention'] },
    { needs: ['near-deadline'], open: true },
    { dueBeforeMs: dueAt.getTime() + 1 },
    { stageSinceAfterMs: stageSinceMs, stageSinceBeforeMs: stageSinceMs + 1 },
  ];
  for (const filters of matching) expect([filters, await list(filters)]).toEqual([filters, [clientUserId]]);
  const missing: readonly Partial<ListQuery>[] = [
    { needs: ['attention', 'quiet'] },
    { needs: ['stuck-run'] },
    { open: false },
    { outcome: 'collected' },
    { closedAfterMs: 0 },
    { openedBeforeMs: stageSinceMs },
    { dueBeforeMs: dueAt.getTime() },
    { stageSinceBeforeMs: stageSinceMs },
  ];
  for (const filters of missing) expect([filters, await list(filters)]).toEqual([filters, []]);
  expect(await list({ openedAfterMs: stageSinceMs })).toHaveLength(4);
  await handle.terminate();
  await untilListed(own, 1, { needs: ['stuck-run'] });
  const open: readonly Partial<ListQuery>[] = [{ needs: ['attention'] }, { dueBeforeMs: dueAt.getTime() + 1 }];
  for (const filters of open) expect([filters, await list(filters)]).toEqual([filters, []]);
  expect((await useCases.show(clientUserId)).applicant.needs).toEqual(['stuck-run']);
});

test('an item has what the single view has, except its calls and actions; a failing store degrades it', async () => {
  const own = setup(temporalServer());
  const { start, close, useCases, clientUserId, store } = own;
  await start({ authorizationReference: 'AUTH-1' });
  await close({ outcome: 'failed', reason: 'conflict' });
  await untilListed(own, 1, { outcome: 'failed', open: false, needs: ['conflict'] });
  const page = await useCases.list(ALL);
  const { applicant } = await useCases.show(clientUserId);
  expect(page).toEqual({
    items: [{ ...applicant, pendingCalls: null, actions: null, asOf: page.asOf }],
    nextCursor: null,
    asOf: expect.any(String),
    coverage: { since: expect.stringMatching(/Z$/) },
  });
  store.readManifest = () => Promise.reject(new StoreUnavailable('EIO', 'read'));
  expect((await useCases.list(ALL)).items).toMatchObject([
    { reason: 'conflict', documents: null, degraded: ['store-unavailable'] },
  ]);
});

test('one item for each applicant: a round that has a later one is left out, with filters too', async () => {
  const own = setup(temporalServer());
  const { start, close, useCases, clientUserId, handle } = own;
  await start();
  await close();
  await start({ again: true, ifMatch: (await useCases.show(clientUserId)).etag });
  await untilListed(own, 1, { open: true });
  const [item] = await untilListed(own, 1);
  expect(item).toMatchObject({ round: 2, open: true });
  expect((await useCases.list({ ...ALL, outcome: 'collected' })).items).toEqual([]);
  await handle.terminate();
});

test('one item for each applicant on all pages together, also if its round began a moment before', async () => {
  const own = setup(temporalServer());
  const { client, useCases } = own;
  const all = ['again-1', 'again-2', 'again-3', 'new-1'];
  await startRuns(own, all);
  const again = all.slice(0, 3);
  await Promise.all(again.map((id) => client.workflow.getHandle(`applicant-${id}`).terminate()));
  await untilListed(own, 3, { open: false });
  await startRuns(own, again);
  await untilListed(own, 4, { open: true });
  const listed: string[] = [];
  let cursor: string | null = null;
  do {
    const page = await useCases.list({ limit: 2, cursor });
    listed.push(...ids(page.items));
    cursor = page.nextCursor;
  } while (cursor !== null);
  expect(listed.sort()).toEqual(all);
});

test('a client that pages while a tenth of the applicants close or begin another round sees each', async () => {
  const own = setup(temporalServer());
  const { client, useCases } = own;
  const all = Array.from({ length: COUNT }, (_, index) => `many-${index}`);
  await startRuns(own, all);
  await until('all to be listed', async () => {
    const query = `TaskQueue = "${own.taskQueue}"`;
    const { count } = await client.workflowService.countWorkflowExecutions({ namespace: 'default', query });
    return Number(count) === COUNT;
  });
  // Spread over the whole list; every other one starts again at once.
  const closing = all.filter((_, index) => index % 10 === 7);
  const seen = new Set<string>();
  let cursor: string | null = null;
  let pages = 0;
  do {
    const page = await useCases.list({ limit: COUNT / 20, cursor, prefix: 'many-' });
    for (const { clientUserId } of page.items) seen.add(clientUserId);
    cursor = page.nextCursor;
    pages += 1;
    await Promise.all(
      closing.splice(0, COUNT / 100).map(async (id, index) => {
        await client.workflow.getHandle(`applicant-${id}`).terminate();
        if (index % 2 === 0) await startRuns(own, [id]);
      }),
    );
  } while (cursor !== null);
  expect(pages).toBeGreaterThanOrEqual(20);
  expect(closing).toEqual([]);
  expect(all.filter((id) => !seen.has(id))).toEqual([]);
});

test('a cursor that was altered, is too old, or belongs to other filters is invalid', async () => {
  const own = setup(temporalServer());
  await startRuns(own, ['page-1', 'page-2', 'page-3']);
  await untilListed(own, 3);
  const first = await own.useCases.list({ limit: 1, cursor: null, stage: 'invited' });
  const cursor = first.nextCursor ?? '';
  const next = { limit: 2, cursor, stage: 'invited' } as const;
  expect(ids([...first.items, ...(await own.useCases.list(next)).items])).toEqual(['page-1', 'page-2', 'page-3']);
  const codeOf = (query: ListQuery, nowMs = Date.now()) =>
    createUseCases({ ...own.deps, nowMs: () => nowMs })
      .list(query)
      .then(
        () => 'valid',
        (error: InvalidInput) => error.errors[0],
      );
  const expected = expect.any(String);
  const altered = `${cursor.slice(0, 20)}${cursor[20] === 'A' ? 'B' : 'A'}${cursor.slice(21)}`;
  for (const text of ['zzz', '', altered, `${cursor}=`, `${cursor}\n`])
    expect(await codeOf({ ...next, cursor: text })).toEqual({ parameter: 'cursor', code: 'altered', expected });
  expect(await codeOf({ ...next, stage: 'engaged' })).toEqual({ parameter: 'cursor', code: 'other-filters', expected });
  expect(await codeOf(next, Date.now() + DAY_MS + 1)).toEqual({ parameter: 'cursor', code: 'expired', expected });
  // The checksum is no secret.
  const { limit: _limit, cursor: _cursor, ...filters } = next;
  const identity = ['default', own.taskQueue, Object.entries(filters)];
  const made = (token: string, beganAtMs: number) =>
    encodeCursor({ token, beganAtMs, listed: [] }, identity, Date.now());
  for (const text of [made('', 1e300), made('', -1), made('', Date.now() + DAY_MS)])
    expect(await codeOf({ ...next, cursor: text })).toEqual({ parameter: 'cursor', code: 'altered', expected });
  expect(await codeOf({ ...next, cursor: made('', Date.now()) })).toBe('valid');
  // Temporal rejects the page token.
  const deps = { ...own.deps, client: failingClient(own.client, { code: GRPC.INVALID_ARGUMENT }) };
  await expect(createUseCases(deps).list(next)).rejects.toMatchObject({
    errors: [{ parameter: 'cursor', code: 'altered' }],
  });
  expect(await codeOf({ ...next, cursor: null, limit: 201 })).toMatchObject({ parameter: 'limit' });
});

test('without Temporal there is no list, not an empty one', async () => {
  const { deps, client } = setup(temporalServer());
  const { list } = createUseCases({ ...deps, client: failingClient(client) });
  await expect(list(ALL)).rejects.toMatchObject({ what: 'temporal', done: 'nothing' });
});
