import { DAY_MS } from '../../src/domain/policy';
import { createUseCases } from '../../src/use-cases/create-use-cases';
import { until } from '../support/condition';
import { useTemporalServer } from '../support/temporal-server';
import { failingClient } from './deps';
import { ACTOR, setup, withInvited } from './fixture';
import { failingActivity, failWorkflowTask, nextActivityTask } from './played-worker';

const NOTE = 'a note about a person';
const temporalServer = useTemporalServer();

test('a cancel is accepted without a worker; its audit line has the reason code and not the note', async () => {
  const { start, useCases, clientUserId, acts, handle, upsert } = setup(temporalServer());
  const request = { reasonCode: 'applicant-withdrew', note: NOTE } as const;
  await expect(useCases.cancel(clientUserId, request, ACTOR)).rejects.toMatchObject({ kind: 'not-found' });
  expect(acts.at(-1)).toEqual({ ...ACTOR, did: 'not-done', clientUserId, detail: 'cancel: not-found' });
  await start();
  await upsert({ ApplicantStage: 'invited' });
  expect(await useCases.cancel(clientUserId, request, ACTOR)).toMatchObject({
    done: 'accepted',
    applicant: { open: true },
  });
  const types = (await handle.fetchHistory()).events?.map((event) => [
    event.workflowExecutionSignaledEventAttributes?.signalName,
    Boolean(event.workflowExecutionCancelRequestedEventAttributes),
  ]);
  expect(types).toContainEqual(['cancelApplicant', false]);
  expect(types).toContainEqual([undefined, true]);
  expect(acts.at(-1)).toEqual({ ...ACTOR, did: 'cancel', clientUserId, detail: 'applicant-withdrew' });
  expect(JSON.stringify(acts)).not.toContain(NOTE);
  await handle.terminate();
});

test('a cancelled applicant is cancelled already; one with another outcome refuses every action', async () => {
  const own = setup(temporalServer());
  const { start, close, useCases, clientUserId, acts } = own;
  await start();
  await close();
  const request = { reasonCode: 'other' } as const;
  const closed = { kind: 'not-now', why: 'closed', current: { outcome: 'collected' } };
  await expect(useCases.cancel(clientUserId, request, ACTOR)).rejects.toMatchObject(closed);
  await expect(useCases.checkNow(clientUserId, ACTOR)).rejects.toMatchObject(closed);
  await expect(useCases.finishNow(clientUserId, request, ACTOR)).rejects.toMatchObject(closed);
  await expect(useCases.retry(clientUserId, ACTOR)).rejects.toMatchObject(closed);
  const atMs = Date.now() + DAY_MS;
  await expect(useCases.setDeadline(clientUserId, { atMs }, ACTOR)).rejects.toMatchObject(closed);
  await expect(useCases.snooze(clientUserId, { untilMs: atMs }, ACTOR)).rejects.toMatchObject(closed);
  expect(acts.at(-1)).toMatchObject({ did: 'not-done', detail: 'snooze: closed' });

  const other = setup(temporalServer());
  await other.start();
  await other.close({ outcome: 'cancelled', reason: 'operator' });
  expect(await other.useCases.cancel(other.clientUserId, request, ACTOR)).toMatchObject({ done: 'already' });
});

test('a worker performs what an operator requests, and its refusal shows', async () => {
  const own = setup(temporalServer());
  const { useCases, clientUserId, acts } = own;
  await withInvited(own, async (upstream) => {
    const atMs = Date.now() + 3 * DAY_MS;
    const { applicant } = await useCases.setDeadline(clientUserId, { atMs }, ACTOR);
    expect(applicant).toMatchObject({ deadline: { at: new Date(atMs).toISOString() }, needs: ['near-deadline'] });
    const snoozed = await useCases.snooze(clientUserId, { untilMs: atMs, note: NOTE }, ACTOR);
    expect(snoozed).toMatchObject({ done: 'accepted', applicant: { snoozedUntil: new Date(atMs).toISOString() } });
    const readsBefore = upstream.calls.length;
    expect(await useCases.checkNow(clientUserId, ACTOR)).toMatchObject({ done: 'accepted' });
    await until('a read', () => upstream.calls.length > readsBefore);
    expect(await useCases.finishNow(clientUserId, { reasonCode: 'decision-made' }, ACTOR)).toMatchObject({
      done: 'accepted',
    });
    await until('the end', async () => !(await useCases.show(clientUserId)).applicant.open);
    await expect(useCases.finishNow(clientUserId, { reasonCode: 'other' }, ACTOR)).rejects.toMatchObject({
      why: 'closed',
    });
  });
  expect(acts.filter(({ did }) => did !== 'start')).toEqual([
    { ...ACTOR, did: 'deadline', clientUserId, detail: undefined },
    { ...ACTOR, did: 'snooze', clientUserId, detail: undefined },
    { ...ACTOR, did: 'check-now', clientUserId, detail: undefined },
    { ...ACTOR, did: 'finish-now', clientUserId, detail: 'decision-made' },
    { ...ACTOR, did: 'finish-now', clientUserId, detail: 'other' },
    { ...ACTOR, did: 'not-done', clientUserId, detail: 'finish-now: closed' },
  ]);
});

test('while the person is withdrawn, a cancel and a check are refused because the applicant is closing', async () => {
  const own = setup(temporalServer());
  const { useCases, clientUserId, acts } = own;
  const request = { reasonCode: 'other' } as const;
  await withInvited(own, async (upstream) => {
    const release = upstream.hold('withdraw');
    await useCases.finishNow(clientUserId, request, ACTOR);
    await upstream.waitForCall('withdraw');
    const refusal = { kind: 'not-now', why: 'closing', current: { outcome: null } };
    await expect(useCases.cancel(clientUserId, request, ACTOR)).rejects.toMatchObject(refusal);
    await expect(useCases.checkNow(clientUserId, ACTOR)).rejects.toMatchObject(refusal);
    expect(await useCases.finishNow(clientUserId, request, ACTOR)).toMatchObject({ done: 'accepted' });
    release();
    await until('the end', async () => !(await useCases.show(clientUserId)).applicant.open);
  });
  expect(acts).toContainEqual({ ...ACTOR, did: 'not-done', clientUserId, detail: 'cancel: closing' });
});

test('while a cancel withdraws the person, the applicant is cancelling, and a repeat is accepted', async () => {
  const own = setup(temporalServer());
  const { useCases, clientUserId } = own;
  const request = { reasonCode: 'other' } as const;
  await withInvited(own, async (upstream) => {
    const release = upstream.hold('withdraw');
    await useCases.cancel(clientUserId, request, ACTOR);
    await upstream.waitForCall('withdraw');
    expect(await useCases.cancel(clientUserId, request, ACTOR)).toMatchObject({
      done: 'accepted',
      applicant: { actions: { cancel: { why: 'cancelling' } } },
    });
    release();
    await until('the end', async () => !(await useCases.show(clientUserId)).applicant.open);
  });
});

test('a retry runs the failing call now and keeps its progress', async () => {
  const { start, useCases, clientUserId, deps, handle } = setup(temporalServer());
  await start();
  await expect(useCases.retry(clientUserId, ACTOR)).rejects.toMatchObject({ why: 'no-call-waits' });
  const progress = { attempt: 1, failingSinceMs: 1_000 };
  await failingActivity(deps, {
    activityType: 'readStatus',
    failure: 'HumanApiUnavailable',
    isBenign: false,
    progress,
  });
  const { applicant } = await useCases.show(clientUserId);
  expect(applicant.pendingCalls).toMatchObject([{ since: '1970-01-01T00:00:01.000Z' }]);
  expect(await useCases.retry(clientUserId, ACTOR)).toMatchObject({ done: 'accepted' });
  expect(await nextActivityTask(deps)).toMatchObject({ attempt: 1, progress });
  await expect(useCases.retry(clientUserId, ACTOR)).rejects.toMatchObject({ why: 'no-call-waits' });
  await handle.terminate();
});

test('an update without a worker may still happen, and its time is checked before anything is recorded', async () => {
  const { start, useCases, clientUserId, acts, handle } = setup(temporalServer());
  await start();
  const times = [Date.now() - 1, Date.now() + 366 * DAY_MS, Number.NaN];
  for (const atMs of times)
    await expect(useCases.setDeadline(clientUserId, { atMs }, ACTOR)).rejects.toMatchObject({
      errors: [{ pointer: '/at' }],
    });
  expect(acts).toHaveLength(1);
  const finishing = useCases.finishNow(clientUserId, { reasonCode: 'other' }, ACTOR);
  await expect(finishing).rejects.toMatchObject({ what: 'worker', done: 'unknown' });
  expect(acts.at(-1)).toMatchObject({ did: 'finish-now' });
  await handle.terminate();
}, 20_000);

test('an update is not answered while workflow tasks fail, as they do if the worker has another key', async () => {
  const { start, useCases, clientUserId, deps, handle } = setup(temporalServer());
  await start();
  // The server then refuses updates.
  for (let attempt = 1; attempt <= 3; attempt += 1) await failWorkflowTask(deps);
  const finishing = useCases.finishNow(clientUserId, { reasonCode: 'other' }, ACTOR);
  await expect(finishing).rejects.toMatchObject({ what: 'worker', done: 'unknown' });
  await handle.terminate();
}, 30_000);

test('nothing is done without an audit line, or if Temporal does not answer', async () => {
  const own = setup(temporalServer());
  const { clientUserId, deps, client, handle, start, writeManifest } = own;
  await start();
  const audit = { record: () => Promise.reject(new Error('disk full')) };
  const request = { reasonCode: 'other' } as const;
  await expect(createUseCases({ ...deps, audit }).cancel(clientUserId, request, ACTOR)).rejects.toThrow('disk full');
  await writeManifest({ round: 1, revision: 1 });
  const without = createUseCases({ ...deps, client: failingClient(client) });
  await expect(without.cancel(clientUserId, request, ACTOR)).rejects.toMatchObject({
    what: 'temporal',
    done: 'nothing',
  });
  expect((await handle.fetchHistory()).events).toHaveLength(2);
  await handle.terminate();
});
