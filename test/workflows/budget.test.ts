import type { PayloadCodec } from '@temporalio/common';
import { temporal } from '@temporalio/proto';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../src/domain/policy';
import { until } from '../support/condition';
import { type Change, FakeUpstream, provider } from '../support/fake-upstream';
import { BY_NOTICES } from '../support/policies';
import { timeSkipping } from '../support/time-skipping';

const { follow, followOn } = timeSkipping();

/** The reference applicant: 3 status notices, 1 provider, 3 documents, notices arriving together, no poll due. */
const REFERENCE: readonly Change[] = [
  { afterMs: 3 * HOUR_MS - 2, status: 'Engaged' },
  { afterMs: 3 * HOUR_MS - 1, status: 'Syncing' },
  { afterMs: 3 * HOUR_MS, status: 'All Synced', reports: provider('A') },
];

/** Holds payloads back from the workflow, so that slowly sent notices arrive together: notices that arrive apart cost a task each. */
class Gate implements PayloadCodec {
  private held = Promise.resolve();

  /** Until the returned function is called. */
  hold(): () => void {
    let release = () => {};
    this.held = new Promise<void>((resolve) => {
      release = resolve;
    });
    return release;
  }

  encode: PayloadCodec['encode'] = async (payloads) => payloads;

  decode: PayloadCodec['decode'] = async (payloads) => {
    await this.held;
    return payloads;
  };
}

test('the reference applicant stays within the budgets of history and of calls', async () => {
  const gate = new Gate();
  const applicant = await follow(REFERENCE, { policy: BY_NOTICES, codec: gate });
  // Not by a query: on this server a query during a task costs another task.
  await until('the wait for news', 20_000, async () => {
    const { events } = await applicant.handle.fetchHistory();
    return events?.some((event) => event.timerStartedEventAttributes);
  });
  await applicant.skipTo(3 * HOUR_MS);
  const release = gate.hold();
  // In upstream's order: an older status that comes later would be checked by a read.
  for (const { status = '', afterMs } of REFERENCE) await applicant.sendStatusNotice(status, afterMs);
  for (const { id } of provider('A')) await applicant.sendReportNotice(id);
  release();
  const { result, afterMs } = await applicant.waitForEnd(MINUTE_MS);
  expect(result).toEqual({ outcome: 'collected', reason: null, documents: 3 });
  expect(afterMs).toBeLessThan(3 * HOUR_MS + 10 * MINUTE_MS + 10 * SECOND_MS);
  const history = await applicant.handle.fetchHistory();
  expect(history.events?.length).toBeLessThanOrEqual(96);
  const bytes = Buffer.from(temporal.api.history.v1.History.encode(history).finish());
  expect(bytes.length).toBeLessThanOrEqual(20 * 1024);
  // What the fake serves as a document: none of it may stand in the history.
  expect(bytes.includes('u-A 2026-01-01T00:00:00.000Z json')).toBe(false);
  expect(applicant.routes().toSorted()).toEqual([
    ...['findPeople', 'invite', 'listReports', 'listReports', 'openReport', 'openReport', 'openReport', 'readStatus'],
  ]);
  // The fake mints no tokens: the client token and the person's access token come on top.
  expect(applicant.humanApi.calls.length + 2).toBeLessThanOrEqual(11);
});

test('a read that confirms the claimed status starts no timer while the list is in flight', async () => {
  const humanApi = new FakeUpstream(REFERENCE);
  const { listReports } = humanApi;
  const applicant = await followOn(humanApi, { policy: BY_NOTICES });
  // The last list is answered after the workflow has learned what the last read says.
  humanApi.listReports = async (clientUserId) => {
    const isLast = humanApi.count('listReports') > 0;
    if (isLast)
      await until('the read', 10_000, async () => (await applicant.state()).facts?.read.status === 'All Synced');
    return listReports(clientUserId);
  };
  await applicant.sendNotices(REFERENCE);
  expect((await applicant.waitForEnd(MINUTE_MS)).result).toEqual({ outcome: 'collected', reason: null, documents: 3 });
  const { events } = await applicant.handle.fetchHistory();
  const timers = (events ?? []).flatMap(
    ({ timerStartedEventAttributes: timer }) => timer?.startToFireTimeout?.seconds ?? [],
  );
  expect(timers.map(Number)).not.toContain(60);
});
