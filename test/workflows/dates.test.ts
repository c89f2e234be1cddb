import { HOUR_MS, MINUTE_MS } from '../../src/domain/policy';
import { useSimulation } from '../simulation/follow';
import { type Change, FakeUpstream, provider } from '../support/fake-upstream';

const { followOn } = useSimulation();

test('reads dated 2099 do not deafen an applicant: it follows the statuses after them', async () => {
  const humanApi = new FakeUpstream([
    { afterMs: HOUR_MS, status: 'Engaged' },
    { afterMs: 8 * HOUR_MS, status: 'All Synced', reports: provider('A') },
  ]);
  humanApi.editPerson = (user) =>
    user.status === 'All Synced' ? user : { ...user, updatedAtMs: Date.parse('2099-01-01') };
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
  humanApi.editPerson = (user) =>
    user.status === 'Engaged' ? { ...user, updatedAtMs: (user.updatedAtMs ?? 0) + 4 * MINUTE_MS } : user;
  const applicant = await followOn(humanApi);
  const { result, afterMs } = await applicant.waitForEnd(HOUR_MS);
  expect(result).toEqual({ outcome: 'collected', reason: null, documents: 3 });
  expect(afterMs).toBeLessThan(8 * HOUR_MS);
});
