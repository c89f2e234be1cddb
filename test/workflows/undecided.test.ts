import { DAY_MS, DEFAULT_POLICY, HOUR_MS, MINUTE_MS, type Policy, SECOND_MS } from '../../src/domain/policy';
import { UNDECIDED } from '../../src/human-api/undecided-reasons';
import { AlreadyExists, NotFound, Undecided } from '../../src/upstream/errors';
import { WITHDRAW_PERSON, withdrawWorkflowId } from '../../src/workflows/contract';
import { useSimulation } from '../simulation/follow';
import { readDetails } from '../support/applicant-under-test';
import { FakeStore } from '../support/fake-store';
import { DOWN, FakeUpstream, facts, type Route } from '../support/fake-upstream';

const { followOn, nowMs, skip, startWorkflow, waitForResult } = useSimulation();

const WHY = UNDECIDED.unidentified404;
const DEADLINE_MS = 10 * DAY_MS;
const SHORT: Policy = { ...DEFAULT_POLICY, expiresMs: { invitation: DEADLINE_MS, applicant: DEADLINE_MS } };

describe('while the answers of a route decide nothing', () => {
  /** A gateway answers a route in the form of upstream's envelopes, from and until these times after the start. */
  async function withGateway(route: Route, fromMs: number, untilMs: number, policy = DEFAULT_POLICY) {
    const upstream = new FakeUpstream([]);
    const startMs = await nowMs();
    const when = (atMs: number) => atMs >= startMs + fromMs && atMs < startMs + untilMs;
    upstream.faults.push({ route, error: new Undecided(facts(404), WHY), when });
    return followOn(upstream, { policy });
  }

  test('an applicant shows the reason, adds no history, and continues after the next decisive answer', async () => {
    const applicant = await withGateway('readStatus', HOUR_MS, 2 * DAY_MS);
    const state = await applicant.skipUntil(({ stuck }) => stuck !== null);
    expect(state).toMatchObject({ stuck: WHY, outcome: null, stage: 'invited' });
    expect(await readDetails(applicant.handle)).toContain(WHY);
    const events = await applicant.countEvents();
    await applicant.skipTo(2 * DAY_MS - MINUTE_MS);
    expect(await applicant.state()).toMatchObject({ stuck: WHY, outcome: null });
    expect(await applicant.countEvents()).toBeLessThanOrEqual(events + 1);
    await applicant.skip(6 * HOUR_MS);
    expect(await applicant.state()).toMatchObject({ stuck: null, outcome: null, stage: 'invited' });
    expect(await readDetails(applicant.handle)).not.toContain(WHY);
  });

  test.each([
    ['reads of the status', 'readStatus', []],
    ['look-ups after a 404', 'findPeople', [{ route: 'readStatus', error: new NotFound(facts(404)) }]],
  ] as const)('no deadline takes effect (%s)', async (_what, route, otherFaults) => {
    const [fromMs, untilMs] = [DEADLINE_MS - MINUTE_MS, DEADLINE_MS + 2 * DAY_MS];
    const applicant = await withGateway(route, fromMs, untilMs, SHORT);
    await applicant.skipTo(fromMs);
    applicant.upstream.faults.push(...otherFaults);
    await applicant.skipTo(untilMs - HOUR_MS);
    expect(await applicant.state()).toMatchObject({ stuck: WHY, outcome: null, stage: 'invited' });
    expect(applicant.upstream.count('withdraw')).toBe(0);
    const { result, afterMs } = await applicant.waitForEnd(HOUR_MS);
    expect(result?.outcome).toBe('expired');
    expect(afterMs).toBeGreaterThan(untilMs);
    expect(applicant.routes().slice(-2)).toEqual([route, 'withdraw']);
  });

  test('a withdrawal continues until upstream confirms it', async () => {
    const applicant = await withGateway('withdraw', 0, DAY_MS);
    await applicant.waitForInvitation();
    await applicant.handle.cancel();
    expect(await applicant.skipUntil(({ stuck }) => stuck !== null)).toMatchObject({ stuck: WHY, outcome: null });
    await applicant.skipTo(DAY_MS + 10 * MINUTE_MS);
    expect(applicant.upstream.people).toMatchObject([{ deleted: true }]);
    expect((await applicant.handle.describe()).status.name).toBe('CANCELLED');
    expect(applicant.manifest).toMatchObject({ outcome: 'cancelled' });
  });

  test('a withdrawal by an operator shows the reason, and continues until upstream confirms it', async () => {
    const [upstream, store] = [new FakeUpstream([]), new FakeStore()];
    upstream.addPerson('POL-withdrawn', 'pol-withdrawn@example.org', await nowMs());
    upstream.faults.push({ route: 'withdraw', error: new Undecided(facts(404), WHY) });
    const workflowId = withdrawWorkflowId('POL-withdrawn');
    const handle = startWorkflow({ workflowType: WITHDRAW_PERSON, workflowId }, { upstream, store });
    await skip(HOUR_MS);
    expect(await readDetails(handle)).toBe(`Stuck: ${WHY}.`);
    upstream.faults.length = 0;
    const result = { clientUserId: 'POL-withdrawn', result: 'withdrawn', people: 1, recorded: true };
    expect(await waitForResult(workflowId)).toEqual(result);
    expect(upstream.people).toMatchObject([{ deleted: true }]);
  });

  test('no one is invited, and exactly one person once the look-ups decide', async () => {
    const applicant = await withGateway('findPeople', 0, HOUR_MS);
    expect(await applicant.skipUntil(({ stuck }) => stuck !== null)).toMatchObject({ stuck: WHY, stage: 'inviting' });
    expect(applicant.upstream.count('invite')).toBe(0);
    expect(await applicant.skipUntil(({ humanId }) => humanId !== null)).toMatchObject({
      stuck: null,
      stage: 'invited',
    });
    expect(applicant.upstream.people).toHaveLength(1);
  });

  describe('after a create whose effect is unknown', () => {
    /** The look-ups after the create are undecided. */
    async function setup(error: Error) {
      const upstream = new FakeUpstream([]);
      upstream.faults.push({ route: 'invite', error, times: 1, after: error === DOWN });
      const when = () => upstream.count('invite') > 0;
      upstream.faults.push({ route: 'findPeople', error: new Undecided(facts(404), WHY), when });
      const applicant = await followOn(upstream);
      return { upstream, applicant, untilStuck: () => applicant.skipUntil(({ stuck }) => stuck !== null, SECOND_MS) };
    }

    test('no second one is sent before the person could be found', async () => {
      const { upstream, applicant, untilStuck } = await setup(DOWN);
      await untilStuck();
      upstream.faults.length = 0;
      upstream.editLookUp = () => [];
      await applicant.skip(20 * SECOND_MS);
      upstream.editLookUp = null;
      await applicant.waitForInvitation();
      expect([upstream.count('invite'), upstream.people.length]).toEqual([1, 1]);
    });

    test('no second one is sent if the first was answered 409', async () => {
      const { upstream, applicant, untilStuck } = await setup(new AlreadyExists(facts(409)));
      await untilStuck();
      upstream.faults.length = 0;
      await applicant.skip(5 * MINUTE_MS);
      expect(await applicant.state()).toMatchObject({ outcome: 'failed', reason: 'conflict' });
      expect(upstream.count('invite')).toBe(1);
    });

    test('a cancel withdraws the person once a look-up finds them', async () => {
      const { upstream, applicant, untilStuck } = await setup(DOWN);
      await applicant.skip(5 * SECOND_MS);
      await applicant.handle.cancel();
      expect(await untilStuck()).toMatchObject({ stuck: WHY, outcome: null });
      upstream.faults.length = 0;
      expect((await applicant.waitForEnd(MINUTE_MS)).status).toBe('CANCELLED');
      expect(upstream.people).toMatchObject([{ deleted: true }]);
    });
  });
});
