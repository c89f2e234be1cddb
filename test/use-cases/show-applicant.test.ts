import { KeyMissing } from '../../src/domain/encryption';
import { DAY_MS } from '../../src/domain/policy';
import { createUseCases } from '../../src/use-cases/create-use-cases';
import { NotFound } from '../../src/use-cases/errors';
import { until } from '../support/condition';
import { useTemporalServer } from '../support/temporal-server';
import { failingClient } from './deps';
import { ACTOR, COLLECTED, setup, withInvited } from './fixture';
import { failingActivity } from './played-worker';

const temporalServer = useTemporalServer();

test('an open applicant without a worker shows its search attributes and its memo within a second', async () => {
  const { start, upsert, useCases, clientUserId, handle } = setup(temporalServer());
  await start({ authorizationReference: 'AUTH-1' });
  const dueAt = new Date(Date.now() + DAY_MS);
  await upsert({
    ApplicantStage: 'attention',
    ApplicantStageSince: '2026-03-01T10:00:00.123Z',
    HumanId: 'h-1',
    ApplicantRound: 1,
    ApplicantNeeds: ['quiet', 'attention'],
    ApplicantDueAt: dueAt,
  });
  const startedMs = Date.now();
  const { applicant } = await useCases.show(clientUserId);
  expect(Date.now() - startedMs).toBeLessThan(1_000);
  expect(applicant).toMatchObject({
    open: true,
    stage: 'attention',
    stageSince: '2026-03-01T10:00:00.123Z',
    humanId: 'h-1',
    round: 1,
    status: null,
    waitingFor: null,
    degraded: ['no-worker'],
    authorizationReference: 'AUTH-1',
    pendingCalls: [],
    needs: ['attention', 'quiet', 'near-deadline'],
    deadline: { at: dueAt.toISOString(), kind: 'applicant' },
    nextStep: { code: 'contact-person' },
    actions: {
      cancel: { allowed: true },
      finishNow: { allowed: true },
      retry: { allowed: false, why: 'no-call-waits' },
    },
    rounds: [{ round: 1, outcome: null, closedAt: null }],
  });
  await handle.terminate();
});

test('a worker answers with the status and what the applicant waits for', async () => {
  const own = setup(temporalServer());
  const { useCases, clientUserId, handle } = own;
  await withInvited(own, async () => {
    const { applicant, etag } = await useCases.show(clientUserId);
    expect(applicant).toMatchObject({
      degraded: [],
      status: 'Invited',
      waitingFor: { text: 'the person to open the invitation' },
    });
    expect(Date.parse(applicant.nextCheckAt ?? '') - Date.now()).toBeGreaterThan(5 * 3_600_000);
    await handle.terminate();
    const ended = await useCases.show(clientUserId);
    expect(ended.applicant).toMatchObject({
      open: false,
      outcome: null,
      needs: ['stuck-run'],
      nextStep: { code: 'start-again' },
      degraded: [],
      actions: { cancel: { allowed: false, why: 'closed' } },
    });
    expect(ended.etag).not.toBe(etag);
    await own.writeManifest({ round: 1, revision: 2, outcome: 'cancelled', closedAt: COLLECTED.closedAt });
    expect((await useCases.show(clientUserId)).applicant).toMatchObject({ outcome: 'cancelled', needs: [] });
  });
});

test('a failing call shows its class and its times, and never its message', async () => {
  const { start, useCases, clientUserId, handle, deps } = setup(temporalServer());
  await start();
  await failingActivity(deps, { activityType: 'readStatus', failure: 'HumanApiUnavailable', isBenign: false });
  const { applicant } = await useCases.show(clientUserId);
  expect(applicant.pendingCalls).toEqual([
    {
      call: 'readStatus',
      attempt: 2,
      failure: 'HumanApiUnavailable',
      since: expect.stringMatching(/Z$/),
      nextAttemptAt: expect.stringMatching(/Z$/),
    },
  ]);
  expect(applicant.actions?.retry).toEqual({ allowed: true, why: null });
  expect(JSON.stringify(applicant)).not.toContain('secret');
  await handle.terminate();
});

test('a poll that found nothing is no failing call, and shows when the next check is due', async () => {
  const { start, useCases, clientUserId, handle, deps } = setup(temporalServer());
  await start();
  await failingActivity(deps, { activityType: 'pollStatus', failure: 'NothingYet', isBenign: true });
  const { applicant } = await useCases.show(clientUserId);
  expect(applicant).toMatchObject({ pendingCalls: [], actions: { retry: { allowed: false, why: 'no-call-waits' } } });
  expect(Date.parse(applicant.nextCheckAt ?? '')).toBeGreaterThan(Date.now());
  await handle.terminate();
});

test('without Temporal the view shows the manifest, and which part is missing', async () => {
  const [unknown, open, closed] = [setup(temporalServer()), setup(temporalServer()), setup(temporalServer())] as const;
  await open.writeManifest({ round: 1, revision: 1 });
  await closed.writeManifest({ ...COLLECTED, outcome: 'failed', reason: 'conflict' });
  const client = failingClient(open.client);
  const shown = await Promise.allSettled(
    [unknown, open, closed].map(({ deps, clientUserId }) => createUseCases({ ...deps, client }).show(clientUserId)),
  );
  const missing = { degraded: ['temporal-unavailable'], source: 'manifest' };
  expect(shown).toMatchObject([
    { reason: { kind: 'unavailable', what: 'temporal', done: 'nothing' } },
    { value: { applicant: { ...missing, open: true, stage: null, actions: null } } },
    { value: { applicant: { ...missing, open: false, stage: 'closed', needs: ['conflict'] } } },
  ]);
});

test('a manifest without its key is a missing part of the view and of the list, and does not prevent a cancel', async () => {
  const { start, useCases, clientUserId, store, handle } = setup(temporalServer());
  await start();
  store.readManifest = () => Promise.reject(new KeyMissing('k1'));
  const missing = { clientUserId, documents: null, degraded: expect.arrayContaining(['store-unavailable']) };
  expect((await useCases.show(clientUserId)).applicant).toMatchObject(missing);
  await until('the list', async () => {
    const { items } = await useCases.list({ limit: 50, cursor: null });
    if (items.length > 0) expect(items).toMatchObject([missing]);
    return items.length > 0;
  });
  expect(await useCases.cancel(clientUserId, { reasonCode: 'other' }, ACTOR)).toMatchObject({ done: 'accepted' });
  await expect(useCases.documents(clientUserId, ACTOR)).rejects.toBeInstanceOf(KeyMissing);
  await handle.terminate();
});

test('an applicant without a run and a manifest is not found; one that lost its run starts again', async () => {
  const { useCases, clientUserId, writeManifest, start, handle } = setup(temporalServer());
  await expect(useCases.show(clientUserId)).rejects.toBeInstanceOf(NotFound);
  await writeManifest({ round: 1, revision: 1 });
  expect((await useCases.show(clientUserId)).applicant).toMatchObject({
    open: false,
    stage: null,
    outcome: null,
    nextStep: { code: 'start-again' },
    degraded: [],
    source: 'manifest',
  });
  expect(await start()).toMatchObject({ result: 'started', applicant: { round: 1 } });
  await handle.terminate();
});
