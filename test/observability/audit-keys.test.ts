import { readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type AuditCheckpoint, openAudit } from '../../src/observability/audit';
import { type AuditKeys, chainName, chainStart } from '../../src/observability/audit-chain';
import { pruneAudit } from '../../src/observability/audit-keep';
import { verdictOf, verifyAudit } from '../../src/observability/audit-verify';
import { createAuditKeys } from '../../src/temporal/audit-keys';
import { generateKey, parseKeyRing } from '../../src/temporal/key-ring';
import { useFolders } from '../support/folders';
import { sha256 } from '../support/stored';

const newFolder = useFolders();

const PAYLOAD = parseKeyRing(`${generateKey('main')},${generateKey('webhook')}`);
const OWN = parseKeyRing(generateKey('audit'));
const DERIVED = createAuditKeys('worker', null, PAYLOAD);
const KEYED = createAuditKeys('worker', OWN, PAYLOAD);
const NONE = createAuditKeys('worker', null, null);
const LONG_AGO = new Date('2026-01-01T00:00:00.000Z');
const LATER = new Date('2026-06-01T00:00:00.000Z');

async function setup() {
  const folder = await newFolder();
  return {
    folder,
    files: async () => (await readdir(folder)).sort(),
    /** Writes a closed chain of two lines and returns its checkpoint. */
    async chain(processName: string, keys: AuditKeys, at: Date): Promise<AuditCheckpoint> {
      const printed: string[] = [];
      const audit = await openAudit({
        folder,
        process: processName,
        key: keys.signing,
        now: () => at,
        printCheckpoint: (line: string) => void printed.push(line),
        checkpointEveryMs: null,
      });
      await audit.record({ who: processName, did: 'erase', clientUserId: 'POL-1' });
      await audit.close();
      expect(printed).toHaveLength(1);
      return JSON.parse(printed[0] ?? '');
    },
    /** Writes a chain as an attacker without a key can. */
    async forge(processName: string, at: Date, lines: readonly object[]): Promise<string> {
      const name = chainName(processName, at, 'f0f0f0f0');
      let { hash } = chainStart(name);
      let text = '';
      for (const [index, line] of lines.entries()) {
        const head = { n: index + 1, before: hash, at: at.toISOString(), process: processName };
        const body = JSON.stringify({ ...head, ...line }).slice(0, -1);
        hash = sha256(body);
        text += `${body},"hash":"${hash}"}\n`;
      }
      await writeFile(join(folder, `${name}.0001.jsonl`), text);
      return name;
    },
    /** The process, key and verdict or fault of each chain. */
    async verdict(keys: AuditKeys, checkpoints: readonly AuditCheckpoint[] = [], unkeyedBefore: Date | null = null) {
      const { chains, mismatches } = await verifyAudit(folder, checkpoints, keys, unkeyedBefore);
      const faults = chains.map((result) => [
        result.chain.split('-')[1],
        result.key,
        result.broken?.why ?? verdictOf(result),
      ]);
      return { faults, mismatches: mismatches.length };
    },
  };
}

test('signs with AUDIT_KEY, else with a key derived from PAYLOAD_KEYS; the webhook with a separate key or none', () => {
  expect(createAuditKeys('worker', OWN, PAYLOAD).signing?.id).toBe('audit');
  expect(createAuditKeys('worker', null, PAYLOAD).signing?.id).toBe('payload:main');
  expect(createAuditKeys('worker', null, null).signing).toBeNull();
  expect(createAuditKeys('webhook', null, PAYLOAD).signing).toBeNull();
  const webhooks = parseKeyRing(generateKey('webhook-audit'));
  expect(createAuditKeys('webhook', webhooks, PAYLOAD).signing?.id).toBe('webhook-audit');
  // Its key signs only its own chains, in any list.
  expect(createAuditKeys('worker', webhooks, PAYLOAD).signing).toBeNull();
  const all = createAuditKeys('chartway', webhooks, PAYLOAD);
  expect(['webhook-audit', 'payload:webhook'].map((id) => all.find(id, 'worker'))).toEqual(['foreign', 'foreign']);
  expect(all.find('webhook-audit', 'webhook')).toMatchObject({ id: 'webhook-audit' });
});

test('a signed chain holds with its key, also if another key signs now, and is unproven without it', async () => {
  const { chain, verdict } = await setup();
  const checkpoint = await chain('worker', DERIVED, LONG_AGO);
  await chain('worker', KEYED, LATER);
  const holds = [
    ['worker', 'payload:main', 'holds'],
    ['worker', 'audit', 'holds'],
  ];
  expect(await verdict(KEYED, [checkpoint])).toEqual({ faults: holds, mismatches: 0 });
  expect((await verdict(DERIVED)).faults).toEqual([holds[0], ['worker', 'audit', 'unproven']]);
  expect((await verdict(NONE, [checkpoint])).faults).toEqual([
    ['worker', 'payload:main', 'unproven'],
    ['worker', 'audit', 'unproven'],
  ]);
  const other = createAuditKeys('worker', parseKeyRing(generateKey('audit')), PAYLOAD);
  expect((await verdict(other)).faults[1]?.[2]).toMatch(/its hash does not match/);
});

test('finds a change in a signed chain, also if the line has its plain hash', async () => {
  const { folder, chain, files, verdict } = await setup();
  await chain('worker', KEYED, LONG_AGO);
  const [file = ''] = await files();
  const path = join(folder, file);
  const lines = (await readFile(path, 'utf8')).trim().split('\n');
  const [, body = ''] = /^(.*),"hash":"[0-9a-f]{64}"\}$/.exec(lines[0]?.replace('POL-1', 'POL-2') ?? '') ?? [];
  const hash = sha256(body);
  await writeFile(path, `${body},"hash":"${hash}"}\n`);
  expect((await verdict(KEYED)).faults).toEqual([
    ['worker', 'audit', expect.stringMatching(/its hash does not match/)],
  ]);
});

test('a chain without a key holds if no key is set, or if it began before the given date', async () => {
  const { chain, forge, verdict } = await setup();
  await chain('worker', NONE, LONG_AGO);
  await chain('webhook', NONE, LATER);
  await chain('worker', DERIVED, new Date(+LONG_AGO + 1));
  await chain('worker', KEYED, new Date(+LONG_AGO + 2));
  await forge('worker', LATER, [{ who: 'worker', did: 'configure' }]);
  await chain('worker', DERIVED, new Date(+LATER + 1));
  const after = [
    ['worker', 'payload:main', 'holds'],
    ['worker', 'audit', 'holds'],
    ['webhook', null, 'holds'],
    // Weaker than an earlier one.
    ['worker', null, 'weaker'],
    ['worker', 'payload:main', 'weaker'],
  ];
  expect((await verdict(KEYED)).faults).toEqual([['worker', null, 'unproven'], ...after]);
  const oneLater = new Date(+LONG_AGO + 1);
  expect((await verdict(KEYED, [], oneLater)).faults).toEqual([['worker', null, 'holds'], ...after]);
  expect((await verdict(KEYED, [], LONG_AGO)).faults).toEqual([['worker', null, 'unproven'], ...after]);
});

test('without the key, no forged chain holds: backdated, of a process without chains, or of an unknown process', async () => {
  const { chain, forge, verdict } = await setup();
  await chain('worker', KEYED, LATER);
  await forge('worker', LONG_AGO, [{ who: 'worker', did: 'erase' }]);
  await forge('starter', LONG_AGO, [{ who: 'cli:max', did: 'start' }]);
  await forge('madeup', LONG_AGO, [{ who: 'madeup', did: 'erase' }]);
  const unknown = expect.stringMatching(/no process of Chartway is called madeup/);
  for (const keys of [KEYED, createAuditKeys('verifier', parseKeyRing(generateKey('webhook-audit')), null)]) {
    expect((await verdict(keys)).faults.slice(0, 3)).toEqual([
      ['madeup', null, unknown],
      ['starter', null, 'unproven'],
      ['worker', null, 'unproven'],
    ]);
  }
  expect((await verdict(NONE)).faults.map(([, , fault]) => fault)).toEqual([unknown, 'holds', 'holds', 'unproven']);
});

test('a line with a valid hash that is not JSON is broken', async () => {
  const { folder, forge } = await setup();
  const name = await forge('worker', LONG_AGO, [{ who: 'worker', did: 'erase' }]);
  const path = join(folder, `${name}.0001.jsonl`);
  const first = await readFile(path, 'utf8');
  const body = `{"n":2,"before":"${/"hash":"([0-9a-f]{64})"/.exec(first)?.[1]}",and so on`;
  await writeFile(path, `${first}${body},"hash":"${sha256(body)}"}\n`);
  const broken = { line: 2, why: expect.stringContaining('expected JSON') };
  expect((await verifyAudit(folder)).chains).toMatchObject([{ broken }]);
});

test('a chain of the webhook without a key is unproven if the key of the webhook is set', async () => {
  const { forge, verdict } = await setup();
  await forge('webhook', LONG_AGO, [{ who: 'webhook', did: 'configure' }]);
  expect((await verdict(KEYED)).faults).toEqual([['webhook', null, 'holds']]);
  const webhooks = createAuditKeys(
    'verifier',
    parseKeyRing(`${generateKey('audit')},${generateKey('webhook-audit')}`),
    PAYLOAD,
  );
  expect((await verdict(webhooks)).faults).toEqual([['webhook', null, 'unproven']]);
  expect((await verdict(webhooks, [], LATER)).faults).toEqual([['webhook', null, 'holds']]);
});

test.each([
  ['nothing', ''],
  ['zeros', '\0'.repeat(200)],
  ['the start of a line', '{"n":1,"be'],
])('a chain of which only %s is left does not hold, with and without a key', async (_, content) => {
  const { folder, chain, files, verdict } = await setup();
  await chain('worker', KEYED, LONG_AGO);
  const [file = ''] = await files();
  await writeFile(join(folder, file), content);
  expect((await verdict(KEYED)).faults).toEqual([['worker', null, 'empty']]);
  expect((await verdict(NONE, [], LATER)).faults).toEqual([['worker', null, 'empty']]);
});

test('the key of the webhook must not sign for another process', async () => {
  const { folder, chain, files, verdict } = await setup();
  const webhooks = createAuditKeys('webhook', parseKeyRing(generateKey('webhook-audit')), null);
  await chain('worker', webhooks, LONG_AGO);
  expect(await files()).toHaveLength(1);
  expect((await verifyAudit(folder, [], webhooks)).chains).toMatchObject([
    { broken: { line: 1, why: expect.stringMatching(/its key webhook-audit is the webhook's/) } },
  ]);
  expect((await verdict(webhooks)).faults).toHaveLength(1);
});

test('a process prunes only its own old chains', async () => {
  const { folder, chain, files } = await setup();
  for (const name of ['worker', 'starter', 'webhook']) await chain(name, NONE, LONG_AGO);
  for (const file of await files()) await utimes(join(folder, file), LONG_AGO, LONG_AGO);
  const audit = await openAudit({ folder, process: 'webhook' });
  await audit.record({ who: 'webhook', did: 'configure' });
  const pruned = await pruneAudit({ folder, keepMs: 86_400_000, audit, process: 'webhook' });
  expect(pruned).toEqual([expect.stringMatching(/-webhook-/)]);
  expect((await files()).map((file) => file.split('-')[1])).toEqual(['starter', 'worker', 'webhook']);
  await audit.close();
});

test('a removed chain is reported, even if another process, or a chain without the key, records its removal', async () => {
  const { folder, chain, forge, files, verdict } = await setup();
  const checkpoint = await chain('worker', KEYED, LONG_AGO);
  const [file = ''] = await files();
  const removed = checkpoint.file.replace(/\.0001\.jsonl$/, '');
  await rm(join(folder, file));
  await forge('webhook', LATER, [{ who: 'webhook', did: 'prune', detail: removed }]);
  expect(await verdict(KEYED, [checkpoint])).toMatchObject({ mismatches: 1 });
  await forge('worker', LATER, [{ who: 'worker', did: 'prune', detail: removed }]);
  expect(await verdict(KEYED, [checkpoint])).toMatchObject({ mismatches: 1 });
});
