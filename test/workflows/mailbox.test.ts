import type { ApplicantDirectory } from '../../src/activities/mailbox';
import type { ReportNotice } from '../../src/domain/notices';
import { HOUR_MS } from '../../src/domain/policy';
import { openMailboxQuarantine } from '../../src/quarantine/quarantine';
import { Unavailable } from '../../src/upstream/errors';
import { parseStoredNotices } from '../../src/upstream/notices';
import { FakeStore } from '../support/fake-store';
import { FakeUpstream, facts } from '../support/fake-upstream';
import { timeSkipping } from '../support/time-skipping';

const { deliver, post, nowMs } = timeSkipping();

/** Temporal's side of a mailbox: whom the search finds, and what reached whom. */
function directoryOf(applicants: Readonly<Record<string, string>>, answer: 'taken' | 'closed-or-unknown' = 'taken') {
  const delivered: { clientUserId: string; reportId: string; requestId: string }[] = [];
  const directory: ApplicantDirectory = {
    findByHumanId: async (humanId) => applicants[humanId] ?? null,
    deliverReportNotice: async (clientUserId, { reportId }, requestId) => {
      delivered.push({ clientUserId, reportId, requestId });
      return answer;
    },
  };
  return { directory, delivered };
}

function noticeOf(reportId: string): ReportNotice {
  return { humanId: 'h-1', reportId, type: 'unity', updatedAt: '2026-01-01T00:00:00.000Z' };
}

test('a notice reaches the applicant whom the search finds, and upstream is not asked', async () => {
  const humanApi = new FakeUpstream();
  const { directory, delivered } = directoryOf({ 'h-1': 'POL-1' });
  const result = await deliver(humanApi, directory, 'h-1', [noticeOf('r-1'), noticeOf('r-2')]);
  expect(result).toEqual({ clientUserId: 'POL-1', delivered: 2 });
  expect(delivered.map(({ clientUserId, reportId }) => `${clientUserId} ${reportId}`).sort()).toEqual([
    'POL-1 r-1',
    'POL-1 r-2',
  ]);
  expect(humanApi.calls).toEqual([]);
});

test('a notice that comes while the applicants are searched is delivered too', async () => {
  const { directory, delivered } = directoryOf({ 'h-1': 'POL-1' });
  const findByHumanId = async (humanId: string) => {
    await post(noticeOf('r-2'));
    return directory.findByHumanId(humanId);
  };
  const result = await deliver(new FakeUpstream(), { ...directory, findByHumanId }, 'h-1', [noticeOf('r-1')]);
  expect(result).toEqual({ clientUserId: 'POL-1', delivered: 2 });
  expect(delivered.map(({ reportId }) => reportId).sort()).toEqual(['r-1', 'r-2']);
});

test('where the search does not know the person yet, upstream is asked', async () => {
  const humanApi = new FakeUpstream();
  const person = humanApi.enrol('POL-2', 'pol-2@example.org', await nowMs());
  const { directory, delivered } = directoryOf({});
  const result = await deliver(humanApi, directory, person.humanId, [{ ...noticeOf('r-1'), humanId: person.humanId }]);
  expect(result).toEqual({ clientUserId: 'POL-2', delivered: 1 });
  expect(delivered).toMatchObject([{ clientUserId: 'POL-2', reportId: 'r-1' }]);
});

test('an upstream that is down loses no notice', async () => {
  const humanApi = new FakeUpstream();
  const person = humanApi.enrol('POL-3', 'pol-3@example.org', await nowMs());
  humanApi.faults.push({ route: 'readStatus', error: new Unavailable(facts(503), 'scripted'), times: 8 });
  const { directory } = directoryOf({});
  const notice = { ...noticeOf('r-1'), humanId: person.humanId };
  expect(await deliver(humanApi, directory, person.humanId, [notice])).toEqual({ clientUserId: 'POL-3', delivered: 1 });
});

test('a person who is started hours after the notice still gets it', async () => {
  const { directory, delivered } = directoryOf({});
  const startedAtMs = (await nowMs()) + 3 * HOUR_MS;
  const late = { ...directory, findByHumanId: async () => ((await nowMs()) < startedAtMs ? null : 'POL-4') };
  expect(await deliver(new FakeUpstream(), late, 'h-1', [noticeOf('r-1')])).toEqual({
    clientUserId: 'POL-4',
    delivered: 1,
  });
  expect(delivered).toMatchObject([{ clientUserId: 'POL-4', reportId: 'r-1' }]);
});

test('the notices that found no room in the quarantine stay in the mailbox, and are set aside once there is room', async () => {
  const { directory } = directoryOf({});
  const store = new FakeStore();
  const fromMs = await nowMs();
  const full = Array.from({ length: 10_000 }, (_, n) => {
    const digits = String(n).padStart(12, '0');
    return `quarantine/1700000000000-nobody-${digits}.json`;
  });
  const triedAtMs: number[] = [];
  jest.spyOn(store.shelf, 'list').mockImplementation(async () => {
    triedAtMs.push((await nowMs()) - fromMs);
    return triedAtMs.length <= 2 ? full : [];
  });
  await deliver(new FakeUpstream(), directory, 'h-1', [noticeOf('r-1')], store);
  expect(triedAtMs.map((ms) => Math.round(ms / HOUR_MS))).toEqual([24, 25, 26]);
  jest.restoreAllMocks();
  const quarantine = openMailboxQuarantine(store.shelf, null);
  expect(await quarantine.list()).toMatchObject([{ humanId: 'h-1', detail: '1 notice' }]);
});

test('a flooded mailbox of no one hands over to a fresh run, and sets all of it aside after the day', async () => {
  const { directory } = directoryOf({});
  const searchedAtMs: number[] = [];
  const counted = {
    ...directory,
    findByHumanId: async () => {
      searchedAtMs.push(await nowMs());
      return null;
    },
  };
  const notices = Array.from({ length: 2_100 }, (_, at) => noticeOf(`r-${at}`));
  const fromMs = await nowMs();
  const store = new FakeStore();
  await deliver(new FakeUpstream(), counted, 'h-1', notices, store);
  expect(Math.round(((searchedAtMs.at(-1) ?? 0) - fromMs) / HOUR_MS)).toBe(24);
  const kept = await openMailboxQuarantine(store.shelf, null).list();
  expect(kept.map(({ detail }) => Number(detail?.split(' ')[0])).reduce((sum, count) => sum + count, 0)).toBe(2_100);
}, 90_000);

test('the notices of nobody are set aside for an operator, once, however often the store fails', async () => {
  const { directory, delivered } = directoryOf({});
  const store = new FakeStore();
  const put = jest.spyOn(store.shelf, 'put');
  // The second was written before its attempt died.
  put.mockRejectedValueOnce(new Error('away')).mockImplementationOnce(async (name, bytes) => {
    await new FakeStore().shelf.put(name, bytes);
    throw new Error('too late');
  });
  const result = await deliver(new FakeUpstream(), directory, 'h-1', [noticeOf('r-1'), noticeOf('r-2')], store);
  expect(result).toEqual({ clientUserId: null, delivered: 0 });
  expect(delivered).toEqual([]);
  const quarantine = openMailboxQuarantine(store.shelf, null);
  const [header, ...others] = await quarantine.list();
  expect(others).toEqual([]);
  expect(header).toMatchObject({ why: 'nobody', kind: 'report', humanId: 'h-1', detail: '2 notices' });
  expect(new Set(put.mock.calls.map(([name]) => name)).size).toBe(1);
  const kept = parseStoredNotices((await quarantine.read(header?.id ?? ''))?.content ?? Buffer.of());
  expect(kept).toEqual([
    { kind: 'report', ...noticeOf('r-1') },
    { kind: 'report', ...noticeOf('r-2') },
  ]);
});

test('a notice of a closed applicant is not counted as delivered', async () => {
  const { directory } = directoryOf({ 'h-1': 'POL-1' }, 'closed-or-unknown');
  expect(await deliver(new FakeUpstream(), directory, 'h-1', [noticeOf('r-1')])).toEqual({
    clientUserId: 'POL-1',
    delivered: 0,
  });
});

test('the same notice goes under the same request id, whoever passes it on', async () => {
  const { directory, delivered } = directoryOf({ 'h-1': 'POL-1' });
  await deliver(new FakeUpstream(), directory, 'h-1', [noticeOf('r-1'), noticeOf('r-1'), noticeOf('r-2')]);
  expect(new Set(delivered.map(({ requestId }) => requestId)).size).toBe(2);
});

test('a flooded mailbox hands over to a fresh run and delivers all of it', async () => {
  const { directory, delivered } = directoryOf({ 'h-1': 'POL-1' });
  const notices = Array.from({ length: 2_100 }, (_, at) => noticeOf(`r-${at}`));
  expect(await deliver(new FakeUpstream(), directory, 'h-1', notices)).toEqual({
    clientUserId: 'POL-1',
    delivered: 2_100,
  });
  expect(new Set(delivered.map(({ reportId }) => reportId)).size).toBe(2_100);
}, 90_000);
