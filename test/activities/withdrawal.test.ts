import { MockActivityEnvironment } from '@temporalio/testing';
import { createWithdrawalActivities, createWithdrawalRecordActivities } from '../../src/activities/withdrawal';
import { DEFAULT_POLICY, MINUTE_MS } from '../../src/domain/policy';
import { UNDECIDED } from '../../src/human-api/undecided-reasons';
import { RateLimited, Unavailable, Undecided } from '../../src/upstream/errors';
import { SILENT } from '../simulation/attempts';
import { NO_RUNS } from '../support/activity-deps';
import { recordEventsIn } from '../support/event-recorder';
import { FakeStore } from '../support/fake-store';
import { FakeUpstream, facts } from '../support/fake-upstream';
import { runAttempts, START_MS } from './attempts';

const BARE_404 = new Undecided(facts(404), UNDECIDED.foreign404);
const PATIENCE = { undecidedAfterMs: 5 * MINUTE_MS };

describe('a deletion', () => {
  /** An upstream that answers `times` deletions with this error. `isGone`: the person is gone nevertheless. */
  function setup(error: Error, { times = Infinity, isGone = false } = {}) {
    const upstream = new FakeUpstream();
    const person = upstream.addPerson('POL-1', 'pol-1@example.org', 0);
    person.deleted = isGone;
    upstream.faults.push({ route: 'withdraw', error, times });
    const { withdraw } = createWithdrawalActivities({ upstream });
    const input = { humanId: person.humanId, ...PATIENCE };
    return {
      upstream,
      person,
      routes: () => upstream.calls.map(({ route }) => route),
      run: (maxAttempts: number) => runAttempts(withdraw, input, maxAttempts),
    };
  }

  it.each([
    ['a bare 404', BARE_404],
    ['200 with a page', new Undecided(facts(200), UNDECIDED.unconfirmedDeletion)],
    ['400 with a page', new Unavailable(facts(400), 'scripted')],
  ])('answered %s is confirmed by an empty look-up, in a separate attempt', async (_, error) => {
    const { run, routes } = setup(error, { isGone: true });
    const { result, failures } = await run(5);
    expect([result, routes()]).toEqual(['already-gone', ['withdraw', 'findPeople']]);
    expect(failures).toHaveLength(1);
  });

  it('is repeated with back-off while the person is still listed', async () => {
    const { run, person, routes } = setup(BARE_404, { times: 2 });
    const { result, delaysMs, failures } = await run(9);
    expect([result, person.deleted]).toEqual(['deleted', true]);
    expect(routes()).toEqual(['withdraw', 'findPeople', 'withdraw', 'findPeople', 'withdraw']);
    expect(failures.map(({ type }) => type)).toEqual(['Undecided', 'StillListed', 'Undecided', 'StillListed']);
    expect(delaysMs.at(-1)).toBeGreaterThan(6_000);
  });

  it.each([
    ['may be a gateway', new Undecided(facts(404), UNDECIDED.unidentified404)],
    ['does not support it', new Undecided(facts(400), UNDECIDED.lookUpUnsupported)],
  ])('is not confirmed by a look-up whose upstream %s: the reason is that of the deletion', async (_, error) => {
    const { run, upstream } = setup(BARE_404, { isGone: true });
    upstream.faults.push({ route: 'findPeople', error });
    expect((await run(30)).result).toEqual({ kind: 'undecided', why: UNDECIDED.foreign404 });
  });

  it.each([
    ['502', new Unavailable(facts(502), 'scripted')],
    ['403', new Unavailable(facts(403), 'scripted')],
    ['429', new RateLimited(facts(429), null)],
    ['nothing', new Unavailable(facts(null), 'scripted')],
  ])('answered %s was not done: it is repeated without a look-up', async (_, error) => {
    const { run, routes } = setup(error, { times: 3 });
    expect([(await run(5)).result, new Set(routes())]).toEqual(['deleted', new Set(['withdraw'])]);
  });
});

describe('of two people under one clientUserId', () => {
  const [INVITED, OTHER] = ['h-POL-1-0', 'h-POL-1-1'] as const;

  function setup() {
    const upstream = new FakeUpstream();
    upstream.addPerson('POL-1', 'pol-1@example.org', 0);
    upstream.addPerson('POL-1', 'other@example.org', 0);
    const { findKnownPeople } = createWithdrawalActivities({ upstream });
    const find = async (identity: { humanIds?: readonly string[]; emails?: readonly string[] }) => {
      const input = { clientUserId: 'POL-1', humanIds: [], emails: [], ...identity };
      return (await runAttempts(findKnownPeople, input, 1)).result;
    };
    return { upstream, find };
  }

  it.each([
    ['nothing', {}, [], [INVITED, OTHER]],
    ['a humanId', { humanIds: [INVITED, 'h-other'] }, [INVITED], [OTHER]],
    ['an e-mail, in any case,', { emails: [' Pol-1@Example.org'] }, [INVITED], [OTHER]],
    ['both, of different people,', { humanIds: [OTHER], emails: ['pol-1@example.org'] }, [INVITED, OTHER], []],
  ])('if %s is known, the invited ones are %p, the others %p', async (_, identity, invited, others) => {
    expect(await setup().find(identity)).toEqual({ ours: invited, others });
  });

  it('one without an e-mail is the invited one only if no other can be', async () => {
    const { upstream, find } = setup();
    upstream.editPerson = (person) => ({ ...person, email: null });
    const emails = ['pol-1@example.org'];
    expect(await find({ emails })).toEqual({ ours: [], others: [INVITED, OTHER] });
    upstream.people.pop();
    expect(await find({ emails })).toEqual({ ours: [INVITED], others: [] });
    expect(await find({ emails, humanIds: [OTHER] })).toEqual({ ours: [], others: [INVITED] });
    expect(await find({})).toEqual({ ours: [], others: [INVITED] });
  });

  it('one that the upstream shows under another clientUserId is in neither list', async () => {
    const { upstream, find } = setup();
    upstream.editPerson = (person) => ({ ...person, clientUserId: 'POL-2' });
    expect(await find({ humanIds: [INVITED], emails: ['pol-1@example.org'] })).toEqual({ ours: [], others: [] });
  });
});

describe('the record of a withdrawal', () => {
  /** `failures`: how many requests of a delivery fail, as without Temporal. */
  function setup({ failures = 0 } = {}) {
    const store = new FakeStore();
    const recorded = recordEventsIn(store);
    let left = failures;
    const requestDeliveries: typeof recorded.events.requestDeliveries = async (subject) => {
      left -= 1;
      if (left >= 0) throw new Error('Temporal is away');
      await recorded.events.requestDeliveries(subject);
    };
    const deps = { reportStore: store, runs: NO_RUNS, policy: DEFAULT_POLICY };
    const events = { ...recorded.events, requestDeliveries };
    const { recordWithdrawal } = createWithdrawalRecordActivities({ ...deps, events });
    let currentAttemptScheduledTimestampMs = START_MS;
    /** Each attempt is scheduled later. */
    const run = () => {
      currentAttemptScheduledTimestampMs += MINUTE_MS;
      const environment = new MockActivityEnvironment({ currentAttemptScheduledTimestampMs }, { logger: SILENT });
      return environment.run(recordWithdrawal, { clientUserId: 'POL-1', humanId: 'h-1' });
    };
    return { store, run, read: recorded.read, requests: recorded.requests };
  }

  it('of an applicant without an outcome emits applicant.closed once, also if an attempt is interrupted', async () => {
    const { run, read, requests } = setup({ failures: 1 });
    await expect(run()).rejects.toThrow('away');
    await run();
    await run();
    expect(await read('POL-1')).toMatchObject([
      {
        type: 'applicant.closed',
        data: { sequence: 1, round: 1, outcome: 'cancelled', reason: 'operator', documents: 0 },
      },
    ]);
    expect(requests[0]).toEqual({ kind: 'applicant', id: 'POL-1' });
  });

  it('of a closed applicant emits nothing: its run did', async () => {
    const { store, run, read } = setup();
    const closedAt = '2026-02-28T00:00:00.000Z';
    store.addManifest('POL-1', { humanId: 'h-1', outcome: 'collected', closedAt });
    await run();
    expect(await read('POL-1')).toEqual([]);
    expect((await store.readManifest('POL-1'))?.withdrawnAt).not.toBeNull();
  });
});
