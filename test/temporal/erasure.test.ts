import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { NO_ENCRYPTION } from '../../src/domain/encryption';
import type { ErasureRecords } from '../../src/domain/erasure';
import { DEFAULT_POLICY } from '../../src/domain/policy';
import { openMailboxQuarantine } from '../../src/quarantine/quarantine';
import { openHolds } from '../../src/report-store/holds';
import { encodeLine } from '../../src/spool/frame';
import { encodeRecord } from '../../src/spool/record';
import { createDeliveries } from '../../src/temporal/deliveries';
import { createOperations } from '../../src/temporal/operations';
import { serializeNotices } from '../../src/upstream/notices';
import {
  applicantWorkflowId,
  deliveryWorkflowId,
  mailboxWorkflowId,
  refreshWorkflowId,
} from '../../src/workflows/contract';
import { change } from '../report-store/fixtures';
import { until } from '../support/condition';
import { erasureRecordsOf } from '../support/erasure-records';
import { ENDPOINT, recordEventsIn } from '../support/event-recorder';
import { DOWN } from '../support/fake-upstream';
import { putMailboxRecord } from '../support/mailbox-record';
import { setup } from './erasing-fixture';

jest.setTimeout(150_000);

const reportNotice = (humanId: string) =>
  ({ kind: 'report', humanId, reportId: 'r-1', type: 'unity', updatedAt: null }) as const;

test('an erasure of one applicant leaves all others byte for byte, even with similar ids', async () => {
  const { invite, erase, everything, operator, applicants, store, upstream, client, audited } = await setup();
  const otherIds = ['TWIN-10', 'TWIN-1-2', 'TWIN-1.a', 'XTWIN-1', 'twin-2'];
  const [first = ''] = await Promise.all(otherIds.map((id) => invite(id)));
  const humanId = await invite('TWIN-1');
  // TWIN-10 has closed, was withdrawn by command, is held, and shares a quarantine record with TWIN-1. TWIN-1_ is only a folder. An erasure of
  // TWIN-1.a has started and not ended.
  await applicants.requestCancel('TWIN-10');
  await applicants.waitForClose('TWIN-10');
  await createOperations({ client, taskQueue: operator.taskQueue }).withdraw('TWIN-10');
  await openHolds(store.shelf).put({ clientUserId: 'TWIN-10', reasonCode: 'C-1', who: 'cli:tester', at: 'then' });
  const content = JSON.stringify([humanId, first].map(reportNotice));
  await putMailboxRecord(store.shelf, { key: 'm', atMs: 1, humanId: first, notices: 2, content });
  await store.updateManifest(
    change({ clientUserId: 'TWIN-1_', outcome: 'collected', closedAt: '2026-03-01T00:00:00Z' }),
  );
  await erasureRecordsOf(store).begin('TWIN-1.a');
  let before = await everything();
  await until('all runs to be listed and unchanged', async () => {
    const previous = before;
    before = await everything();
    const runs = [...before.keys()].filter((key) => key.startsWith('run '));
    return runs.length === 7 && isDeepStrictEqual(previous, before);
  });

  expect(await erase('TWIN-1', '--yes')).toBe(1);
  const isErased = (key: string) => /^(file |run applicant-)TWIN-1[/ ]/.test(key) || key.includes(humanId);
  const after = await everything();
  expect([...before.keys()].filter(isErased)).toHaveLength(4);
  expect([...after.keys()].filter(isErased)).toEqual([`person ${humanId}`]);
  const deleted = upstream.people.filter((person) => person.deleted);
  expect(deleted.map(({ clientUserId }) => clientUserId).sort()).toEqual(['TWIN-1', 'TWIN-10']);
  const otherEntries = (all: Map<string, Buffer>) => [...all].filter(([key]) => !isErased(key)).sort();
  expect(otherEntries(after)).toEqual(otherEntries(before));
  expect(otherEntries(before)).toHaveLength(26);
  expect(audited.map(({ did, clientUserId, detail }) => [did, clientUserId, detail?.split(',')[0]])).toEqual([
    ['erase-begin', 'TWIN-1', undefined],
    ['erase', 'TWIN-1', '1 people'],
  ]);
});

test('an erasure deletes the runs of earlier rounds; a late notice starts nothing that stays; the applicant can start again', async () => {
  const { invite, applicants, erasure, client, notices, runs, store } = await setup();
  const runIds: string[] = [];
  for (let round = 1; round <= 2; round += 1) {
    await invite('POL-9');
    runIds.push((await client.workflow.getHandle(applicantWorkflowId('POL-9')).describe()).runId);
    await applicants.requestCancel('POL-9');
    await applicants.waitForClose('POL-9');
  }
  expect(new Set(runIds).size).toBe(2);
  expect(await erasure().erase('POL-9')).toMatchObject({ result: 'erased' });
  for (const runId of runIds) {
    await expect(client.workflow.getHandle(applicantWorkflowId('POL-9'), runId).describe()).rejects.toThrow();
  }

  await notices.send(reportNotice('h-9'), 'POL-9', 'request-2');
  expect(await client.workflow.getHandle(refreshWorkflowId('POL-9')).result()).toMatchObject({ ended: 'none' });
  expect(await erasure().erase('POL-9')).toMatchObject({ result: 'erased', people: 0 });
  expect(await runs(refreshWorkflowId('POL-9'))).toBe(0);
  await invite('POL-9');
  expect((await store.readManifest('POL-9'))?.documents).toHaveLength(1);
});

test("an erasure deletes the log of the applicant's events and the deliveries that run, and leaves those of others", async () => {
  const { invite, erase, store, client, operator, runs } = await setup();
  await invite('POL-E');
  const { request } = createDeliveries({ client, taskQueue: operator.taskQueue });
  const { logs } = recordEventsIn(store);
  const draft = { type: 'applicant.started', atMs: Date.now(), round: 1, data: {} } as const;
  const [subject, other] = [
    { kind: 'applicant', id: 'POL-E' },
    { kind: 'applicant', id: 'POL-E2' },
  ] as const;
  for (const one of [subject, other]) {
    await logs.append(one, { writer: 'w', from: 0, drafts: [draft], endpoints: [ENDPOINT.name] });
    await request(ENDPOINT.name, one);
  }
  expect(await erase('POL-E', '--yes')).toBe(0);
  expect(await logs.read(subject)).toBeNull();
  expect(await runs(deliveryWorkflowId(ENDPOINT.name, subject))).toBe(0);
  expect((await logs.read(other))?.events).toHaveLength(1);
  const left = await client.workflow.getHandle(deliveryWorkflowId(ENDPOINT.name, other)).describe();
  expect(left.status.name).toBe('RUNNING');
});

test('a hold stops an erasure, before it and in its middle; the erasure of an unknown id ends with 0', async () => {
  const { invite, erase, printed, store, applicants, audited, upstream } = await setup();
  const holds = openHolds(store.shelf);
  const hold = (reasonCode: string) =>
    holds.put({ clientUserId: 'POL-H', reasonCode, who: 'cli:tester', at: '2026-01-01T00:00:00.000Z' });
  await invite('POL-H');
  await hold('CASE-7');
  expect(await erase('POL-H', '--yes')).toBe(1);
  expect(printed).toMatchObject([{ result: 'held', runs: 0, files: 0 }]);
  expect((await applicants.read('POL-H'))?.standing).toBe('open');
  await holds.release('POL-H');
  const { withdraw } = upstream;
  upstream.withdraw = async (humanId) => {
    await hold('CASE-8');
    return withdraw(humanId);
  };
  expect(await erase('POL-H', '--yes')).toBe(1);
  expect(printed.at(-1)).toMatchObject({ result: 'held', people: 1, runs: 0, files: 0 });
  expect(audited.map(({ detail }) => detail)).toEqual([
    ...[undefined, 'refused: held', undefined, 'held meanwhile: 1 people, 0 runs, 0 files'],
  ]);
  expect(await store.readManifest('POL-H')).not.toBeNull();
  await holds.release('POL-H');
  expect(await erase('POL-H', '--yes')).toBe(0);
  expect(printed.at(-1)).toMatchObject({ result: 'erased', people: 0 });

  expect(await erase('UNKNOWN-1', '--yes')).toBe(0);
  expect(printed.at(-1)).toMatchObject({ clientUserId: 'UNKNOWN-1', result: 'erased', people: 0, files: 0 });
  expect(await store.shelf.list('')).toEqual([]);
});

test('a notice in the spool keeps the erasure open; a second one after its delivery deletes the run that it started', async () => {
  const { invite, erase, printed, operator, store, notices, runs } = await setup();
  const humanId = await invite('POL-W');
  const quarantine = openMailboxQuarantine(store.shelf, NO_ENCRYPTION);
  for (const id of [humanId, 'h-other']) {
    const content = JSON.stringify([reportNotice(id)]);
    await putMailboxRecord(store.shelf, { key: id, atMs: 1, humanId: id, notices: 1, content });
  }
  const partition = join(operator.spoolFolder ?? '', '0123456789abcdef');
  await mkdir(partition, { recursive: true });
  const segment = join(partition, '1790000000000-01234567-000001.log');
  const notice = serializeNotices([reportNotice(humanId)]);
  await writeFile(segment, encodeRecord({ atMs: 1, text: notice }, NO_ENCRYPTION));
  await writeFile(segment, encodeLine('sealed', Buffer.from('with a key that is not set')), { flag: 'a' });
  expect(await erase('POL-W', '--yes')).toBe(1);
  expect(printed).toMatchObject([{ result: 'erased', people: 1, files: 2, quarantined: 1, spooled: 1, unread: 1 }]);
  expect((await quarantine.list()).map((header) => header.humanId)).toEqual(['h-other']);
  expect(await store.shelf.list('erasures/')).toHaveLength(1);

  await notices.send(reportNotice(humanId), null, 'request-6');
  await rm(segment);
  expect(await erase('POL-W', '--yes')).toBe(0);
  expect(printed.at(-1)).toMatchObject({ result: 'erased', people: 0, spooled: 0 });
  expect(await runs(mailboxWorkflowId(humanId))).toBe(0);
  expect(await store.shelf.list('erasures/')).toEqual([]);
});

test('an interrupted erasure continues, and finds the mailbox that only the deleted manifest named', async () => {
  const { invite, erasure, records, client, store, runs, notices } = await setup();
  const humanId = await invite('POL-C');
  const postNotice = (requestId: string) => notices.send(reportNotice(humanId), null, requestId);
  await postNotice('request-3');
  const powerCut = new Error('power cut');
  await expect(erasure({ eraseFiles: () => Promise.reject(powerCut) }).erase('POL-C')).rejects.toThrow(powerCut);
  expect(await runs(applicantWorkflowId('POL-C'))).toBe(0);
  await postNotice('request-4');
  const eraseFiles = (id: string) => records.eraseFiles(id).then(() => Promise.reject(powerCut));
  await expect(erasure({ eraseFiles }).erase('POL-C')).rejects.toThrow(powerCut);
  expect(await store.readManifest('POL-C')).toBeNull();
  await postNotice('request-5');
  expect(await erasure().erase('POL-C')).toMatchObject({ result: 'erased', humanIds: [humanId], people: 1 });
  await expect(client.workflow.getHandle(mailboxWorkflowId(humanId)).describe()).rejects.toThrow();
  await records.finish('POL-C');
  expect(await store.shelf.list('erasures/')).toEqual([]);
});

test('an erasure withdraws and erases a run that starts during it', async () => {
  const { invite, erasure, records, upstream, runs, applicants, store } = await setup();
  await invite('POL-S');
  let isStarted = false;
  const eraseFiles = async (clientUserId: string) => {
    const files = await records.eraseFiles(clientUserId);
    if (!isStarted) await invite(clientUserId);
    isStarted = true;
    return files;
  };
  expect(await erasure({ eraseFiles }).erase('POL-S')).toMatchObject({ result: 'erased' });
  expect([await runs(applicantWorkflowId('POL-S')), await applicants.read('POL-S')]).toEqual([0, null]);
  expect(upstream.people.every(({ deleted }) => deleted)).toBe(true);
  expect(await store.applicants()).toEqual([]);
});

test('an erasure of closed applicants leaves an open one, and stops for a run that starts during it', async () => {
  const { invite, erasure, records, upstream, applicants, store } = await setup();
  await invite('POL-N');
  expect(await erasure().eraseClosed('POL-N')).toMatchObject({ result: 'open', people: 0, runs: 0, files: 0 });
  await applicants.requestCancel('POL-N');
  await applicants.waitForClose('POL-N');
  expect(await erasure({ begin: afterFirstBegin(records, () => invite('POL-N')) }).eraseClosed('POL-N')).toMatchObject({
    result: 'open',
    people: 0,
    files: 0,
  });
  expect((await applicants.read('POL-N'))?.standing).toBe('open');
  expect(upstream.people.map(({ deleted }) => deleted)).toEqual([true, false]);
  expect((await store.readManifest('POL-N'))?.documents).toHaveLength(1);
});

test('an erasure leaves and reports a person of a conflict, which Chartway did not invite', async () => {
  const { applicants, erase, upstream, printed, messages, audited, store, runs } = await setup();
  const { humanId } = upstream.addPerson('TAKEN-1', 'unknown@example.org', 0);
  const details = { clientUserId: 'TAKEN-1', clientUserEmail: 'invited@example.org' };
  await applicants.start({ details, detailsDigest: 'd', policy: DEFAULT_POLICY });
  expect(await applicants.waitForClose('TAKEN-1')).toMatchObject({ outcome: 'failed', reason: 'conflict' });

  expect(await erase('TAKEN-1', '--yes')).toBe(0);
  expect(upstream.people).toMatchObject([{ humanId, deleted: false }]);
  expect(printed).toMatchObject([
    { clientUserId: 'TAKEN-1', result: 'erased', people: 0, files: 1, others: [humanId] },
  ]);
  expect([await runs(applicantWorkflowId('TAKEN-1')), await store.applicants()]).toEqual([0, []]);
  expect(await erase('TAKEN-1', '--yes')).toBe(0);
  expect(printed.at(-1)).toMatchObject({ result: 'erased', people: 0, others: [humanId] });
  expect(upstream.people).toMatchObject([{ deleted: false }]);

  expect(messages.join('')).toContain(humanId);
  const ends = audited.filter(({ did }) => did === 'erase').map(({ detail }) => detail);
  expect(ends).toEqual([
    `0 people, 2 runs, 1 files, 0 in quarantine; 1 upstream not known as ours: ${humanId}`,
    `0 people, 1 runs, 0 files, 0 in quarantine; 1 upstream not known as ours: ${humanId}`,
  ]);
  expect(messages.join('') + JSON.stringify([printed, audited])).not.toContain('example.org');
});

test('an erasure withdraws a person whose invitation got no answer, by the e-mail of that run', async () => {
  const { applicants, erase, upstream, printed, messages, client } = await setup();
  upstream.faults.push({ route: 'invite', error: DOWN, times: 1, after: true });
  upstream.editLookUp = () => [];
  const start = (clientUserEmail: string) => {
    const details = { clientUserId: 'LOST-1', clientUserEmail };
    return applicants.start({ details, detailsDigest: clientUserEmail, policy: DEFAULT_POLICY, again: true });
  };
  await start('Lost-1@example.org');
  await until('a create', () => upstream.people.length > 0);
  await client.workflow.getHandle(applicantWorkflowId('LOST-1')).terminate();
  upstream.editLookUp = null;
  const unknown = upstream.addPerson('LOST-1', 'unknown@example.org', 0);
  // The newest run has no humanId either: its corrected details conflict with the person of the earlier run.
  await start('corrected@example.org');
  expect(await applicants.waitForClose('LOST-1')).toMatchObject({ outcome: 'failed', reason: 'conflict' });

  expect(await erase('LOST-1', '--yes')).toBe(0);
  expect(upstream.people).toMatchObject([{ deleted: true }, { humanId: unknown.humanId, deleted: false }]);
  expect(printed).toMatchObject([{ result: 'erased', people: 1, others: [unknown.humanId] }]);
  expect(messages.join('') + JSON.stringify(printed)).not.toContain('example.org');
});

test('an erasure withdraws a person invited during it and leaves an unknown one; a withdrawal by command deletes both', async () => {
  const { invite, erasure, records, upstream, client, operator } = await setup();
  let unknownId = '';
  const inviteAndTerminate = async () => {
    await invite('LATE-1');
    unknownId = upstream.addPerson('LATE-1', 'unknown@example.org', 0).humanId;
    await client.workflow.getHandle(applicantWorkflowId('LATE-1')).terminate();
  };
  const result = await erasure({ begin: afterFirstBegin(records, inviteAndTerminate) }).erase('LATE-1');
  expect(result).toMatchObject({ result: 'erased', people: 1, others: [unknownId] });
  expect(upstream.people).toMatchObject([{ deleted: true }, { humanId: unknownId, deleted: false }]);

  const operations = createOperations({ client, taskQueue: operator.taskQueue });
  expect(await operations.withdraw('LATE-1')).toMatchObject({ result: 'withdrawn', people: 1 });
  expect(upstream.people.every(({ deleted }) => deleted)).toBe(true);
});

test('a withdrawal of more people does not use the result of a concurrent one that leaves them', async () => {
  const { upstream, client, operator } = await setup();
  const { humanId } = upstream.addPerson('SHARED-1', 'shared-1@example.org', 0);
  const operations = createOperations({ client, taskQueue: operator.taskQueue });
  const release = upstream.hold('findPeople');
  const runIds: string[] = [];
  const listener = { onRun: async (run: { readonly runId: string }) => void runIds.push(run.runId) };
  const withdraw = (...humanIds: string[]) => operations.withdraw('SHARED-1', listener, { humanIds, emails: [] });
  const first = withdraw();
  await until('the first withdrawal', () => runIds.length === 1);
  const second = withdraw(humanId);
  await until('the second to wait for the same run', () => runIds.length === 2);
  expect(new Set(runIds).size).toBe(1);
  release();
  expect(await first).toMatchObject({ result: 'nobody', people: 0, others: [humanId] });
  expect(await second).toMatchObject({ result: 'withdrawn', people: 1, others: [] });
  expect(new Set(runIds).size).toBe(2);
});

/** Returns a `begin` that calls `act` after the first begin. */
function afterFirstBegin(records: ErasureRecords, act: () => Promise<unknown>): ErasureRecords['begin'] {
  let isDone = false;
  return async (clientUserId, ids) => {
    const journal = await records.begin(clientUserId, ids);
    if (!isDone) {
      isDone = true;
      await act();
    }
    return journal;
  };
}
