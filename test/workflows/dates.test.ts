import { HOUR_MS, MINUTE_MS } from '../../src/domain/policy';
import { useSimulation as timeSkipping } from '../simulation/follow';
import { type Change, FakeUpstream, provider } from '../support/fake-upstream';

const { followOn } = timeSkipping();

test('reads dated 2099 do not deafen an applicant: it follows the statuses after them', async () => {
  const humanApi = new FakeUpstream([
    { afterMs: HOUR_MS, status: 'Engaged' },
    { afterMs: 8 * HOUR_MS, status: 'All Synced', reports: provider('A') },
  ]);
  humanApi.editPerson = (user) =>
    user.status === 'All Synced' ? user : { ...user, updatedAt: '2099-01-01T00:00:00.000Z' };
  const applicant = await followOn(humanApi);
  const { result, afterMs } = await applicant.waitForEnd(HOUR_MS);
  expect(result).toEqual({ outcome: 'collected', reason: null, documents: 3 });
  expect(afterMs).toBeLessThan(10 * HOUR_MS);
});

test('a status that upstream dates before the one that was read is followed once it is read again', async () => {
  const script: readonly Change[] = [
    { afterMs: 6 * HOUR_MS - 2 * MINUTE_MS, status: 'Engaged' },
    { afterMs: 6 * HOUR_MS + MINUTE_MS, status: 'All Synced', reports: provider('A') },
  ];
  const humanApi = new FakeUpstream(script);
  const ahead = (at: string | null) => new Date(Date.parse(at ?? '') + 4 * MINUTE_MS).toISOString();
  humanApi.editPerson = (user) => (user.status === 'Engaged' ? { ...user, updatedAt: ahead(user.updatedAt) } : user);
  const applicant = await followOn(humanApi);
  const { result, afterMs } = await applicant.waitForEnd(HOUR_MS);
  expect(result).toEqual({ outcome: 'collected', reason: null, documents: 3 });
  expect(afterMs).toBeLessThan(8 * HOUR_MS);
});
