import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { openErasing } from '../../src/report-store/erasing';
import { openHolds } from '../../src/report-store/holds';
import { openMailboxQuarantine } from '../../src/report-store/mailbox-quarantine';
import { writeRecord } from '../../src/spool/record';
import type { ErasureRecords } from '../../src/temporal/erasure';
import { createOperations } from '../../src/temporal/operations';
import { serializeNotices } from '../../src/upstream/notices';
import {
  applicantWorkflowId,
  mailboxWorkflowId,
  refreshWorkflowId,
  withdrawWorkflowId,
} from '../../src/workflows/contract';
import { change } from '../report-store/fixtures';
import { until } from '../support/condition';
import { setup } from './erasing-carrier';

test('one of many is erased, here and upstream, and of the others nothing is touched', async () => {
  const { invite, erase, runs, files, root, humanApi, printed, audited, notices, applicants, store, client } =
    await setup();
  const [humanId] = [await invite('POL-1'), await invite('POL-2')];
  const report = { humanId, reportId: 'r-1', type: 'unity', updatedAt: '2026-03-02T10:00:00.000Z' };
  await notices.send({ kind: 'report', ...report }, null, 'request-1');
  const quarantine = openMailboxQuarantine({ shelf: store.shelf, seal: null });
  const content = (whose: string) => JSON.stringify([{ kind: 'report', ...report, humanId: whose }]);
  await quarantine.put({ key: 'a', atMs: 1, humanId, notices: 1, content: content(humanId) });
  await quarantine.put({ key: 'b', atMs: 2, humanId: 'h-other', notices: 1, content: content('h-other') });
  const before = [...(await files())].filter(([path]) => path.startsWith(join(root, 'POL-2')));
  const newest = async () => (await client.workflow.getHandle(applicantWorkflowId('POL-2')).describe()).runId;
  const run = await newest();

  expect(await erase('POL-1')).toBe(0);
  expect(printed).toMatchObject([
    { clientUserId: 'POL-1', result: 'erased', people: 1, files: 2, quarantined: 1, mixed: [] },
  ]);
  for (const workflowId of [applicantWorkflowId, refreshWorkflowId, withdrawWorkflowId].map((idOf) => idOf('POL-1'))) {
    expect([workflowId, await runs(workflowId)]).toEqual([workflowId, 0]);
  }
  expect(await runs(mailboxWorkflowId(humanId))).toBe(0);
  expect(
    [...(await files())].filter(([path, text]) => `${path} ${text}`.includes('POL-1') || text.includes(humanId)),
  ).toEqual([]);
  expect(humanApi.people.filter(({ deleted }) => deleted)).toMatchObject([{ clientUserId: 'POL-1' }]);
  expect(audited.map(({ did, clientUserId, detail }) => [did, clientUserId, detail?.split(',')[0]])).toEqual([
    ['erase-begin', 'POL-1', undefined],
    ['erase', 'POL-1', '1 people'],
  ]);

  expect([...(await files())].filter(([path]) => path.startsWith(join(root, 'POL-2')))).toEqual(before);
  expect([await newest(), (await applicants.read('POL-2'))?.standing]).toEqual([run, 'open']);
  expect((await quarantine.list()).map((header) => header.humanId)).toEqual(['h-other']);

  // A notice that comes after it revives nobody, and the same command again finds nothing.
  await notices.send({ kind: 'report', ...report }, 'POL-1', 'request-2');
  await until('the end of its refresh', 10_000, async () => (await runs(refreshWorkflowId('POL-1'))) === 1);
  expect(await client.workflow.getHandle(refreshWorkflowId('POL-1')).result()).toMatchObject({ ended: 'none' });
  expect(await erase('POL-1', '--yes')).toBe(0);
  expect(printed.at(-1)).toMatchObject({ result: 'erased', people: 0, files: 0 });
  expect(await runs(refreshWorkflowId('POL-1'))).toBe(0);

  // And it can be started as new.
  await invite('POL-1');
  expect((await store.readManifest('POL-1'))?.documents).toHaveLength(1);
}, 150_000);

test('one of many is erased and everything else stays byte for byte, however alike the ids are', async () => {
  const { invite, erase, everything, operator, applicants, store, humanApi, client } = await setup();
  const others = ['TWIN-10', 'TWIN-1-2', 'TWIN-1.a', 'XTWIN-1', 'twin-2'];
  const [first = ''] = await Promise.all(others.map((id) => invite(id)));
  const humanId = await invite('TWIN-1');
  // One has closed and was withdrawn by hand too, is held, and shares a record of the quarantine; one is a folder only; of one an erasure was broken off.
  await applicants.requestCancel('TWIN-10');
  await applicants.waitForClose('TWIN-10');
  const reportOf = (whose: string) => ({ humanId: whose, reportId: 'r-1', type: 'unity', updatedAt: null });
  await createOperations({ client, taskQueue: operator.taskQueue }).withdraw('TWIN-10');
  await openHolds(store.shelf).put({ clientUserId: 'TWIN-10', reasonCode: 'C-1', who: 'cli:tester', at: 'then' });
  const content = JSON.stringify([humanId, first].map((whose) => ({ kind: 'report', ...reportOf(whose) })));
  const quarantine = openMailboxQuarantine({ shelf: store.shelf, seal: null });
  await quarantine.put({ key: 'm', atMs: 1, humanId: first, notices: 2, content });
  await store.updateManifest(
    change({ clientUserId: 'TWIN-1_', outcome: 'collected', closedAt: '2026-03-01T00:00:00Z' }),
  );
  await openErasing(store).begin('TWIN-1.a');
  let before = await everything();
  await until('all to be listed, and quiet', 20_000, async () => {
    const seen = before;
    before = await everything();
    return (
      [...before.keys()].filter((place) => place.startsWith('run ')).length === 7 && isDeepStrictEqual(seen, before)
    );
  });

  expect(await erase('TWIN-1', '--yes')).toBe(1);
  const isTheirs = (place: string) => /^(file |run applicant-)TWIN-1[/ ]/.test(place) || place.includes(humanId);
  const after = await everything();
  expect([...before.keys()].filter(isTheirs)).toHaveLength(4);
  expect([...after.keys()].filter(isTheirs)).toEqual([`person ${humanId}`]);
  const gone = humanApi.people.filter(({ deleted }) => deleted);
  expect(gone.map(({ clientUserId }) => clientUserId).sort()).toEqual(['TWIN-1', 'TWIN-10']);
  const rest = (all: Map<string, Buffer>) => [...all].filter(([place]) => !isTheirs(place)).sort();
  expect(rest(after)).toEqual(rest(before));
  expect(rest(before)).toHaveLength(26);
}, 150_000);

test('runs of earlier rounds go too, though Temporal answers for the newest alone', async () => {
  const { invite, applicants, erasure, client } = await setup();
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
}, 150_000);

test('what is held is left alone, by the command too, and a hold that comes in the middle stops the rest', async () => {
  const { invite, erase, printed, store, applicants, audited, humanApi } = await setup();
  const holds = openHolds(store.shelf);
  await invite('POL-H');
  await holds.put({ clientUserId: 'POL-H', reasonCode: 'CASE-7', who: 'cli:tester', at: '2026-01-01T00:00:00.000Z' });
  expect(await erase('POL-H', '--yes')).toBe(1);
  expect(printed).toMatchObject([{ result: 'held', runs: 0, files: 0 }]);
  expect((await applicants.read('POL-H'))?.standing).toBe('open');
  await holds.release('POL-H');
  const { withdraw: deleteUser } = humanApi;
  humanApi.withdraw = async (humanId) => {
    await holds.put({ clientUserId: 'POL-H', reasonCode: 'CASE-8', who: 'cli:tester', at: '2026-01-02T00:00:00.000Z' });
    return deleteUser(humanId);
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
}, 150_000);

test('a notice of theirs in the spool leaves it unfinished: run again once it was sent on, also what it began is gone', async () => {
  const { invite, erase, printed, operator, store, notices, runs } = await setup();
  const humanId = await invite('POL-W');
  const report = { humanId, reportId: 'r', type: 'unity', updatedAt: null };
  const part = join(operator.spoolFolder ?? '', '0123456789abcdef');
  await mkdir(part, { recursive: true });
  const segment = join(part, '1790000000000-01234567-000001.log');
  const record = writeRecord({ atMs: 1, text: serializeNotices([{ kind: 'report', ...report }]) }, null);
  await writeFile(segment, record);
  expect(await erase('POL-W', '--yes')).toBe(1);
  expect(printed).toMatchObject([{ result: 'erased', people: 1, files: 2, spooled: 1 }]);
  expect(await store.shelf.list('erasures/')).toHaveLength(1);

  await notices.send({ kind: 'report', ...report }, null, 'request-6');
  await rm(segment);
  expect(await erase('POL-W', '--yes')).toBe(0);
  expect(printed.at(-1)).toMatchObject({ result: 'erased', people: 0, spooled: 0 });
  expect(await runs(mailboxWorkflowId(humanId))).toBe(0);
  expect(await store.shelf.list('erasures/')).toEqual([]);
}, 150_000);

test('one that was broken off at any step goes on, also to the mailbox that only the manifest had named', async () => {
  const { invite, erasure, records, client, store, runs, notices } = await setup();
  const humanId = await invite('POL-C');
  await notices.send({ kind: 'report', humanId, reportId: 'r', type: 'unity', updatedAt: null }, null, 'request-3');
  const breaks = new Error('the power went');
  await expect(erasure({ eraseFiles: () => Promise.reject(breaks) }).erase('POL-C')).rejects.toThrow(breaks);
  expect(await runs(applicantWorkflowId('POL-C'))).toBe(0);
  await notices.send({ kind: 'report', humanId, reportId: 'r', type: 'unity', updatedAt: null }, null, 'request-4');
  const after = { eraseFiles: (id: string) => records.eraseFiles(id).then(() => Promise.reject(breaks)) };
  await expect(erasure(after).erase('POL-C')).rejects.toThrow(breaks);
  expect(await store.readManifest('POL-C')).toBeNull();
  await notices.send({ kind: 'report', humanId, reportId: 'r', type: 'unity', updatedAt: null }, null, 'request-5');
  expect(await erasure().erase('POL-C')).toMatchObject({ result: 'erased', humanIds: [humanId], people: 1 });
  await expect(client.workflow.getHandle(mailboxWorkflowId(humanId)).describe()).rejects.toThrow();
  await records.end('POL-C');
  expect(await store.shelf.list('erasures/')).toEqual([]);
}, 150_000);

test('a start that comes while it is erased is withdrawn and erased with the rest', async () => {
  const { invite, erasure, records, humanApi, runs, applicants, store } = await setup();
  await invite('POL-S');
  let started = 0;
  const eraseFiles = async (clientUserId: string) => {
    const files = await records.eraseFiles(clientUserId);
    if (started++ === 0) await invite(clientUserId);
    return files;
  };
  expect(await erasure({ eraseFiles }).erase('POL-S')).toMatchObject({ result: 'erased' });
  expect([await runs(applicantWorkflowId('POL-S')), await applicants.read('POL-S')]).toEqual([0, null]);
  expect(humanApi.people.every(({ deleted }) => deleted)).toBe(true);
  expect(await store.applicants()).toEqual([]);
}, 150_000);

test('where open applicants are left alone, a start that comes in the middle ends the erasing, and its round stays', async () => {
  const { invite, erasure, records, humanApi, applicants, store } = await setup();
  await invite('POL-N');
  expect(await erasure().eraseClosed('POL-N')).toMatchObject({ result: 'open', people: 0, runs: 0, files: 0 });
  await applicants.requestCancel('POL-N');
  await applicants.waitForClose('POL-N');
  let started = false;
  const begin: ErasureRecords['begin'] = async (clientUserId, learnt) => {
    const known = await records.begin(clientUserId, learnt);
    if (!started) await invite(clientUserId);
    started = true;
    return known;
  };
  expect(await erasure({ begin }).eraseClosed('POL-N')).toMatchObject({ result: 'open', people: 0, files: 0 });
  expect((await applicants.read('POL-N'))?.standing).toBe('open');
  expect(humanApi.people.map(({ deleted }) => deleted)).toEqual([true, false]);
  expect((await store.readManifest('POL-N'))?.documents).toHaveLength(1);
}, 150_000);

test('of somebody who was never known nothing is erased, and the command says so with 0', async () => {
  const { erase, printed, audited, store } = await setup();
  expect(await erase('NOBODY-1', '--yes')).toBe(0);
  expect(printed).toEqual([
    expect.objectContaining({ clientUserId: 'NOBODY-1', result: 'erased', people: 0, files: 0, quarantined: 0 }),
  ]);
  expect(audited.map(({ did }) => did)).toEqual(['erase-begin', 'erase']);
  expect(await store.shelf.list('')).toEqual([]);
}, 60_000);
