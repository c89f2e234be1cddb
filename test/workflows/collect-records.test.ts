import { HOUR_MS } from '../../src/domain/policy';
import { FakeHumanApi, provider, type Turn } from '../support/fake-human-api';
import { type Followed, TimeSkipping } from '../support/time-skipping';

let temporal: TimeSkipping;
const open: Followed[] = [];

beforeAll(async () => {
  temporal = await TimeSkipping.start();
}, 60_000);
afterEach(async () => {
  for (const followed of open.splice(0)) await followed.stop();
});
afterAll(() => temporal?.stop());

async function setup(script: readonly Turn[], options?: Parameters<TimeSkipping['follow']>[1]): Promise<Followed> {
  const followed = await temporal.follow(new FakeHumanApi(script), options);
  open.push(followed);
  return followed;
}

describe('the table of statuses, by polling alone', () => {
  test('All Synced is collected', async () => {
    const applicant = await setup([
      { afterMs: HOUR_MS, status: 'Engaged' },
      { afterMs: 2 * HOUR_MS, status: 'Syncing' },
      { afterMs: 3 * HOUR_MS, status: 'All Synced', reports: provider('A') },
    ]);
    const { result } = await applicant.end();
    expect(result).toEqual({ outcome: 'collected', reason: null, documents: 3 });
    expect(applicant.store.manifests.get(applicant.clientUserId)?.documents).toHaveLength(3);
    expect(applicant.humanApi.count('invite')).toBe(1);
    expect(applicant.humanApi.count('deleteUser')).toBe(0);
  });
});
