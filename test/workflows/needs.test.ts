import { DAY_MS, DEFAULT_POLICY, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../src/domain/policy';
import { Undecided, ValidationRejected } from '../../src/upstream/errors';
import { callRecoveredSignal, callStuckSignal, cancelApplicantSignal } from '../../src/workflows/contract';
import { addedEvents } from '../simulation/added-events';
import { useSimulation } from '../simulation/follow';
import type { ApplicantUnderTest } from '../support/applicant-under-test';
import { type Change, FakeUpstream, facts, provider } from '../support/fake-upstream';
import { BY_NOTICES, BY_NOTICES_OF_020 } from '../support/policies';

const { follow, followOn } = useSimulation();
const { chaseMs, expiresMs } = DEFAULT_POLICY;

async function shown(applicant: ApplicantUnderTest) {
  const { searchAttributes } = await applicant.handle.describe();
  const { ApplicantNeeds = null, ApplicantDueAt = null, ApplicantRound, ApplicantOpenedAt } = searchAttributes;
  const [due] = (ApplicantDueAt ?? []) as (Date | null)[];
  const [opened] = (ApplicantOpenedAt ?? []) as Date[];
  return {
    needs: (await applicant.state()).needs,
    ApplicantNeeds: (ApplicantNeeds as unknown[] | null)?.[0] === null ? null : ApplicantNeeds,
    dueAfterMs: due ? due.getTime() - applicant.invitedAtMs : null,
    openedAtMs: opened?.getTime(),
    round: (ApplicantRound as number[] | undefined)?.[0],
  };
}

test('the round, the invitation and the deadline show with the invitation; an engagement moves the deadline', async () => {
  const script = [{ afterMs: HOUR_MS, status: 'Engaged' }];
  const applicant = await follow(script, { policy: BY_NOTICES });
  await applicant.waitForInvitation();
  const { invitedAtMs } = applicant;
  const invited = { needs: [], ApplicantNeeds: null, openedAtMs: invitedAtMs, round: 1 };
  expect(await shown(applicant)).toEqual({ ...invited, dueAfterMs: expiresMs.invitation });
  expect(await addedEvents(applicant, /Upsert/, () => applicant.sendNotices(script))).toBe(1);
  expect(await shown(applicant)).toEqual({ ...invited, dueAfterMs: expiresMs.applicant });
  expect((await applicant.state()).dueAtMs).toBe(invitedAtMs + expiresMs.applicant);
});

test('a status that no deadline ends does not move the deadline that shows', async () => {
  const script = [
    { afterMs: HOUR_MS, status: 'Engaged' },
    { afterMs: 2 * HOUR_MS, status: 'Error' },
  ];
  const applicant = await follow(script, { policy: BY_NOTICES });
  await applicant.sendNotices(script.slice(0, 1));
  expect(await addedEvents(applicant, /Upsert/, () => applicant.sendNotices(script.slice(1)))).toBe(0);
  expect((await applicant.state()).status).toBe('Error');
});

test.each([
  ['invited', 0, 'Invited'],
  ['engaged', HOUR_MS, 'Engaged'],
] as const)(
  'an applicant that stays %s is quiet after the time of its policy, which adds one event',
  async (stage, afterMs, status) => {
    const script: readonly Change[] = [
      { afterMs, status },
      { afterMs: 20 * DAY_MS, status: 'Syncing' },
    ];
    const applicant = await follow(script, { policy: BY_NOTICES });
    if (stage === 'engaged') await applicant.sendNotices(script.slice(0, 1));
    await applicant.skipTo(afterMs + chaseMs[stage] - SECOND_MS);
    expect(await shown(applicant)).toMatchObject({ needs: [], ApplicantNeeds: null });
    expect(await addedEvents(applicant, /Upsert/, () => applicant.skip(2 * SECOND_MS))).toBe(1);
    expect(await shown(applicant)).toMatchObject({ needs: ['quiet'], ApplicantNeeds: ['quiet'] });
    const { stage: quietStage, timeline, waitingUntilMs } = await applicant.state();
    expect([quietStage, timeline.entries.at(-1)]).toMatchObject([stage, { kind: 'quiet', source: 'worker' }]);
    expect(waitingUntilMs).toBeGreaterThan(applicant.invitedAtMs + 20 * DAY_MS);
    // It costs nothing more, and ends with the stage.
    expect(await addedEvents(applicant, /./, () => applicant.skip(9 * DAY_MS))).toBe(0);
    await applicant.sendNotices(script.slice(1));
    expect(await shown(applicant)).toMatchObject({ needs: [], ApplicantNeeds: null });
  },
);

test('a person who has to act shows as attention in the event of the stage', async () => {
  const script = [
    { afterMs: HOUR_MS, status: 'Attn Required' },
    { afterMs: 2 * HOUR_MS, status: 'Syncing' },
  ];
  const applicant = await follow(script, { policy: BY_NOTICES });
  expect(await addedEvents(applicant, /Upsert/, () => applicant.sendNotices(script.slice(0, 1)))).toBe(1);
  expect(await shown(applicant)).toMatchObject({ needs: ['attention'], ApplicantNeeds: ['attention'] });
  await applicant.sendNotices(script.slice(1));
  expect(await shown(applicant)).toMatchObject({ needs: [], ApplicantNeeds: null });
});

test('an invitation whose answers decide nothing shows as a stuck call until one does', async () => {
  const upstream = new FakeUpstream();
  upstream.faults.push({ route: 'findPeople', error: new Undecided(facts(403), 'a gateway answers'), times: 400 });
  const applicant = await followOn(upstream, { policy: BY_NOTICES });
  await applicant.skip(10 * MINUTE_MS);
  expect((await applicant.state()).needs).toEqual(['stuck-call']);
  upstream.faults.length = 0;
  await applicant.waitForInvitation();
  expect(await shown(applicant)).toMatchObject({ needs: [], ApplicantNeeds: null });
});

describe('a closed applicant', () => {
  test('has no deadline and no need, and closes at the time in the manifest', async () => {
    const script: readonly Change[] = [{ afterMs: HOUR_MS, status: 'All Synced', reports: provider('A') }];
    const applicant = await follow(script, { policy: BY_NOTICES });
    await applicant.sendNotices(script);
    await applicant.waitForEnd(HOUR_MS);
    expect(await shown(applicant)).toMatchObject({ needs: [], ApplicantNeeds: null, dueAfterMs: null });
    const { stageSinceMs } = await applicant.state();
    expect(Date.parse(applicant.manifest.closedAt ?? '')).toBe(stageSinceMs);
  });

  test('whose details upstream rejected shows the names of the fields, and its round', async () => {
    const upstream = new FakeUpstream();
    const call = { ...facts(400), requestId: 'req-1' };
    upstream.faults.push({ route: 'invite', error: new ValidationRejected(call, ['clientUserEmail', 'Mustermann']) });
    const applicant = await followOn(upstream);
    await applicant.waitForEnd(HOUR_MS);
    const failure = { class: 'invalid', fields: ['clientUserEmail'], upstreamRequestId: 'req-1' };
    expect(await applicant.state()).toMatchObject({ reason: 'validation', needs: [], failure });
    expect(applicant.manifest.failure).toEqual(failure);
    const { searchAttributes } = await applicant.handle.describe();
    expect(searchAttributes).toMatchObject({ ApplicantRound: [1], ApplicantStage: ['closed'] });
  });

  test('whose invitation was not delivered needs a person', async () => {
    const script = [{ afterMs: HOUR_MS, status: 'Error' }];
    const applicant = await follow(script);
    await applicant.waitForEnd(HOUR_MS);
    expect(await shown(applicant)).toMatchObject({ needs: ['undeliverable'], ApplicantNeeds: ['undeliverable'] });
    expect(applicant.manifest).toMatchObject({
      reason: 'invitation-undeliverable',
      failure: { class: 'undeliverable', fields: [], upstreamRequestId: null },
    });
  });

  test('whose clientUserId belongs to another person needs a person', async () => {
    const upstream = new FakeUpstream();
    upstream.addPerson('POL-taken', 'other@example.org', 0);
    const applicant = await followOn(upstream, { clientUserId: 'POL-taken' });
    await applicant.waitForEnd(HOUR_MS);
    expect((await applicant.state()).needs).toEqual(['conflict']);
    expect(applicant.manifest.failure?.class).toBe('conflict');
  });
});

test('a stuck call shows until it recovers, and each change adds one event', async () => {
  const applicant = await follow([]);
  await applicant.skip(7 * HOUR_MS);
  const { handle } = applicant;
  const sinceMs = applicant.invitedAtMs;
  const [activityId = ''] = await applicant.activityIds('watchStatus');
  const stick = () => handle.signal(callStuckSignal, { activityId, call: 'watchStatus', sinceMs });
  expect(await addedEvents(applicant, /Upsert/, stick)).toBe(1);
  expect(await shown(applicant)).toMatchObject({ needs: ['stuck-call'], ApplicantNeeds: ['stuck-call'] });
  expect(await addedEvents(applicant, /Upsert/, stick)).toBe(0);
  await handle.signal(callRecoveredSignal, { activityId, call: 'watchStatus' });
  expect(await shown(applicant)).toMatchObject({ needs: [], ApplicantNeeds: null });
});

test('while a cancelled person is withdrawn, a stuck call shows, but neither that the applicant is quiet nor a deadline', async () => {
  const applicant = await follow([], { policy: BY_NOTICES });
  await applicant.skip(chaseMs.invited + MINUTE_MS);
  expect(await shown(applicant)).toMatchObject({ needs: ['quiet'], dueAfterMs: expiresMs.invitation });
  const release = applicant.upstream.hold('withdraw');
  await applicant.handle.signal(cancelApplicantSignal, { reasonCode: 'other' });
  await applicant.upstream.waitForCall('withdraw');
  const [activityId = ''] = await applicant.activityIds('withdraw');
  await applicant.handle.signal(callStuckSignal, { activityId, call: 'withdraw', sinceMs: applicant.invitedAtMs });
  expect(await shown(applicant)).toMatchObject({ needs: ['stuck-call'], dueAfterMs: null });
  release();
});

test('a run of 0.2.0 shows no need and no round in its search attributes; the run that continues it does', async () => {
  const script = [{ afterMs: HOUR_MS, status: 'Attn Required' }];
  const applicant = await follow(script, { input: { policy: BY_NOTICES_OF_020 } });
  await applicant.sendNotices(script);
  const { searchAttributes } = await applicant.handle.describe();
  expect(Object.keys(searchAttributes).sort()).toEqual(['ApplicantStage', 'ApplicantStageSince', 'HumanId']);
  const { needs, dueAtMs } = await applicant.state();
  expect([needs, dueAtMs]).toEqual([['attention'], applicant.invitedAtMs + expiresMs.applicant]);
  await applicant.continueAsNew();
  expect(await shown(applicant)).toMatchObject({
    ApplicantNeeds: ['attention'],
    dueAfterMs: expiresMs.applicant,
    openedAtMs: applicant.invitedAtMs,
    round: 1,
  });
});
