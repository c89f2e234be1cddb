import { MockActivityEnvironment } from '@temporalio/testing';
import { createInvitationActivities } from '../../src/activities/invitation';
import { FakeHumanApi } from '../support/fake-human-api';

const DETAILS = { clientUserId: 'POL-1', clientUserEmail: 'pol-1@example.org' };

/** One attempt of the invitation; `details` are what the attempt before left as heartbeat details. */
function setup(attempt: number, heartbeatDetails?: unknown) {
  const humanApi = new FakeHumanApi();
  const environment = new MockActivityEnvironment({
    attempt,
    heartbeatDetails,
    currentAttemptScheduledTimestampMs: Date.now(),
  });
  const beats: unknown[] = [];
  environment.on('heartbeat', (details: unknown) => beats.push(structuredClone(details)));
  const { invite } = createInvitationActivities({ humanApi, timeoutMs: 100 });
  return { humanApi, beats, invited: environment.run(invite, { details: DETAILS }) };
}

test('an attempt after one that left no word looks up for a while before it creates', async () => {
  const { humanApi, invited } = setup(2);
  await expect(invited).rejects.toMatchObject({ type: 'NothingYet' });
  expect(humanApi.calls.map(({ route }) => route)).toEqual(['findUsers']);
});

test('a create is told before it is sent, so that a worker that dies leaves word', async () => {
  const { humanApi, beats, invited } = setup(1);
  await invited;
  expect(humanApi.count('invite')).toBe(1);
  expect(beats).toContainEqual(expect.objectContaining({ createSentAtMs: expect.any(Number) }));
});

test('an attempt after one that had asked for nobody creates at once', async () => {
  const { humanApi, invited } = setup(2, {
    failingSinceMs: null,
    streak: 0,
    createSentAtMs: null,
    exists: false,
    lookUps: 0,
  });
  await expect(invited).resolves.toMatchObject({ kind: 'invited' });
  expect(humanApi.count('invite')).toBe(1);
});
