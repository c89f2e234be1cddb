import { createWithdrawalActivities } from '../../src/activities/withdrawal';
import { MINUTE_MS } from '../../src/domain/policy';
import { UNDECIDED } from '../../src/human-api/undecided-reasons';
import { RateLimited, Unavailable, Undecided } from '../../src/upstream/errors';
import { FakeUpstream, facts } from '../support/fake-upstream';
import { attemptsOf } from './attempts';

const BARE_404 = new Undecided(facts(404), UNDECIDED.foreign404);
const PAGE_200 = new Undecided(facts(200), UNDECIDED.unconfirmedDeletion);
const PATIENCE = { undecidedAfterMs: 5 * MINUTE_MS };

/** Upstream answers deletions with this, so often; `isGone`: the person is gone all the same. */
function setup(error: Error, { times = Infinity, isGone = false } = {}) {
  const humanApi = new FakeUpstream();
  const person = humanApi.enrol('POL-1', 'pol-1@example.org', 0);
  person.deleted = isGone;
  humanApi.faults.push({ route: 'withdraw', error, times });
  const routes = () => humanApi.calls.map(({ route }) => route);
  return { humanApi, humanId: person.humanId, person, routes, ...createWithdrawalActivities({ upstream: humanApi }) };
}

test.each([
  ['a bare 404', BARE_404],
  ['200 with a page', PAGE_200],
  ['400 with a page', new Unavailable(facts(400), 'scripted')],
])('DELETE answered %s is confirmed by a look-up that finds an empty list, one call an attempt', async (_, error) => {
  const { withdraw, humanId, routes } = setup(error, { isGone: true });
  const { result, failures } = await attemptsOf(withdraw, [{ humanId, ...PATIENCE }], { most: 5 });
  expect([result, routes()]).toEqual(['already-gone', ['withdraw', 'findPeople']]);
  expect(failures).toHaveLength(1);
});

test('who is still listed after a deletion is deleted again, with back-off', async () => {
  const { withdraw, humanId, person, routes } = setup(BARE_404, { times: 2 });
  const { result, delaysMs, failures } = await attemptsOf(withdraw, [{ humanId, ...PATIENCE }], { most: 9 });
  expect([result, person.deleted]).toEqual(['deleted', true]);
  expect(routes()).toEqual(['withdraw', 'findPeople', 'withdraw', 'findPeople', 'withdraw']);
  expect(failures.map(({ type }) => type)).toEqual(['Undecided', 'StillListed', 'Undecided', 'StillListed']);
  expect(delaysMs.at(-1)).toBeGreaterThan(6_000);
});

test.each([
  ['a page, with the reason of the deletion', new Undecided(facts(404), UNDECIDED.unidentified404)],
  ['that it is not supported', new Undecided(facts(400), UNDECIDED.lookUpUnsupported)],
])('a look-up that answers %s confirms nothing: the applicant shows as stuck', async (_, error) => {
  const { withdraw, humanApi, humanId, person } = setup(BARE_404, { isGone: true });
  humanApi.faults.push({ route: 'findPeople', error });
  const { result } = await attemptsOf(withdraw, [{ humanId, ...PATIENCE }], { most: 30 });
  expect(result).toEqual({ kind: 'undecided', why: UNDECIDED.foreign404 });
  expect(person.deleted).toBe(true);
});

test.each([
  ['502', new Unavailable(facts(502), 'scripted')],
  ['403', new Unavailable(facts(403), 'scripted')],
  ['429', new RateLimited(facts(429), null)],
  ['nothing', new Unavailable(facts(null), 'scripted')],
])('a deletion answered %s was not done: it is sent again, and no one is looked up', async (_, error) => {
  const { withdraw, humanId, routes } = setup(error, { times: 3 });
  const { result } = await attemptsOf(withdraw, [{ humanId, ...PATIENCE }], { most: 5 });
  expect([result, new Set(routes())]).toEqual(['deleted', new Set(['withdraw'])]);
});
