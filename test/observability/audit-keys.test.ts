import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AuditHead, openAudit } from '../../src/observability/audit';
import { type AuditKeys, beginningOf, chainName } from '../../src/observability/audit-chain';
import { pruneAudit } from '../../src/observability/audit-keep';
import { verdictOf, verifyAudit } from '../../src/observability/audit-verify';
import { createAuditKeys } from '../../src/temporal/audit-keys';
import { generateKey, parseKeyRing } from '../../src/temporal/key-ring';

const folders: string[] = [];
afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

const PAYLOAD = parseKeyRing(`${generateKey('main')},${generateKey('webhook')}`);
const OWN = parseKeyRing(generateKey('audit'));
const DERIVED = createAuditKeys('worker', null, PAYLOAD);
const KEYED = createAuditKeys('worker', OWN, PAYLOAD);
const NONE = createAuditKeys('worker', null, null);
const LONG_AGO = new Date('2026-01-01T00:00:00.000Z');
const LATER = new Date('2026-06-01T00:00:00.000Z');

async function setup() {
  const folder = await mkdtemp(join(tmpdir(), 'chartway-audit-keys-'));
  folders.push(folder);
  return {
    folder,
    files: async () => (await readdir(folder)).sort(),
    /** A closed chain of two lines; its head. */
    async chain(processName: string, keys: AuditKeys, at: Date): Promise<AuditHead> {
      const told: string[] = [];
      const audit = await openAudit({
        ...{ folder, process: processName, key: keys.signing, now: () => at },
        ...{ tellHead: (line: string) => told.push(line), headEveryMs: null },
      });
      await audit.record({ who: processName, did: 'erase', clientUserId: 'POL-1' });
      await audit.close();
      expect(told).toHaveLength(1);
      return JSON.parse(told[0] ?? '');
    },
    /** Writes a chain as somebody does who knows how, and has no key. */
    async forge(processName: string, at: Date, lines: readonly object[]): Promise<string> {
      const name = chainName(processName, at, 'f0f0f0f0');
      let { hash } = beginningOf(name);
      let text = '';
      for (const [index, line] of lines.entries()) {
        const head = { n: index + 1, before: hash, at: at.toISOString(), process: processName };
        const body = JSON.stringify({ ...head, ...line }).slice(0, -1);
        hash = createHash('sha256').update(body).digest('hex');
        text += `${body},"hash":"${hash}"}\n`;
      }
      await writeFile(join(folder, `${name}.0001.jsonl`), text);
      return name;
    },
    /** What is wrong with each chain, by its process. */
    async verdict(keys: AuditKeys, heads: readonly AuditHead[] = [], unkeyedBefore: Date | null = null) {
      const { chains, missing } = await verifyAudit(folder, heads, keys, unkeyedBefore);
      const faults = chains.map((found) => [
        found.chain.split('-')[1],
        found.key,
        found.broken?.why ?? verdictOf(found),
      ]);
      return { faults, missing: missing.length };
    },
  };
}

test('a chain is signed with AUDIT_KEY, else with a key derived from PAYLOAD_KEYS, and the webhook with one of its own or with none', () => {
  expect(createAuditKeys('worker', OWN, PAYLOAD).signing?.id).toBe('audit');
  expect(createAuditKeys('worker', null, PAYLOAD).signing?.id).toBe('payload:main');
  expect(createAuditKeys('worker', null, null).signing).toBeNull();
  expect(createAuditKeys('webhook', null, PAYLOAD).signing).toBeNull();
  const webhooks = parseKeyRing(generateKey('webhook-audit'));
  expect(createAuditKeys('webhook', webhooks, PAYLOAD).signing?.id).toBe('webhook-audit');
  // Its key signs for it alone, wherever it is listed.
  expect(createAuditKeys('worker', webhooks, PAYLOAD).signing).toBeNull();
  const all = createAuditKeys('chartway', webhooks, PAYLOAD);
  expect(['webhook-audit', 'payload:webhook'].map((id) => all.find(id, 'worker'))).toEqual(['foreign', 'foreign']);
  expect(all.find('webhook-audit', 'webhook')).toMatchObject({ id: 'webhook-audit' });
});

test('a keyed chain holds for who has the key, whatever key signs now, and is unproven for who has not', async () => {
  const { chain, verdict } = await setup();
  const head = await chain('worker', DERIVED, LONG_AGO);
  await chain('worker', KEYED, LATER);
  const holds = [
    ['worker', 'payload:main', 'holds'],
    ['worker', 'audit', 'holds'],
  ];
  expect(await verdict(KEYED, [head])).toEqual({ faults: holds, missing: 0 });
  expect((await verdict(DERIVED)).faults).toEqual([holds[0], ['worker', 'audit', 'unproven']]);
  expect((await verdict(NONE, [head])).faults).toEqual([
    ['worker', 'payload:main', 'unproven'],
    ['worker', 'audit', 'unproven'],
  ]);
  const other = createAuditKeys('worker', parseKeyRing(generateKey('audit')), PAYLOAD);
  expect((await verdict(other)).faults[1]?.[2]).toMatch(/its hash is not the hash/);
});

test('without the key nothing can be changed in a keyed chain, also by someone who gives every line its plain hash', async () => {
  const { folder, chain, files, verdict } = await setup();
  await chain('worker', KEYED, LONG_AGO);
  const [file = ''] = await files();
  const path = join(folder, file);
  const lines = (await readFile(path, 'utf8')).trim().split('\n');
  const [, body = ''] = /^(.*),"hash":"[0-9a-f]{64}"\}$/.exec(lines[0]?.replace('POL-1', 'POL-2') ?? '') ?? [];
  const hash = createHash('sha256').update(body).digest('hex');
  await writeFile(path, `${body},"hash":"${hash}"}\n`);
  expect((await verdict(KEYED)).faults).toEqual([
    ['worker', 'audit', expect.stringMatching(/its hash is not the hash/)],
  ]);
});

test('a chain without a key holds where no key is given, or where it began before the date from which keys are expected', async () => {
  const { chain, forge, verdict } = await setup();
  // As 0.1.0 wrote them.
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
    // Weaker than an earlier one, whoever wrote it.
    ['worker', null, 'weaker'],
    ['worker', 'payload:main', 'weaker'],
  ];
  expect((await verdict(KEYED)).faults).toEqual([['worker', null, 'unproven'], ...after]);
  const oneLater = new Date(+LONG_AGO + 1);
  expect((await verdict(KEYED, [], oneLater)).faults).toEqual([['worker', null, 'holds'], ...after]);
  expect((await verdict(KEYED, [], LONG_AGO)).faults).toEqual([['worker', null, 'unproven'], ...after]);
});

test('nobody without the key writes a chain that holds: backdated, of a process without chains, or of a made-up one', async () => {
  const { chain, forge, verdict } = await setup();
  await chain('worker', KEYED, LATER);
  await forge('worker', LONG_AGO, [{ who: 'worker', did: 'erase' }]);
  await forge('starter', LONG_AGO, [{ who: 'cli:max', did: 'start' }]);
  await forge('madeup', LONG_AGO, [{ who: 'madeup', did: 'erase' }]);
  const foreign = expect.stringMatching(/no process of Chartway is called madeup/);
  for (const keys of [KEYED, createAuditKeys('verifier', parseKeyRing(generateKey('webhook-audit')), null)]) {
    expect((await verdict(keys)).faults.slice(0, 3)).toEqual([
      ['madeup', null, foreign],
      ['starter', null, 'unproven'],
      ['worker', null, 'unproven'],
    ]);
  }
  expect((await verdict(NONE)).faults.map(([, , fault]) => fault)).toEqual([foreign, 'holds', 'holds', 'unproven']);
});

test('a chain of the webhook without a key is unproven once the key of the webhook is given', async () => {
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
  ['the beginning of a line', '{"n":1,"be'],
])('a chain of which only %s is left does not hold, with a key or without', async (_, left) => {
  const { folder, chain, files, verdict } = await setup();
  await chain('worker', KEYED, LONG_AGO);
  const [file = ''] = await files();
  await writeFile(join(folder, file), left);
  expect((await verdict(KEYED)).faults).toEqual([['worker', null, 'empty']]);
  expect((await verdict(NONE, [], LATER)).faults).toEqual([['worker', null, 'empty']]);
});

test('the key of the webhook does not sign for another process', async () => {
  const { folder, chain, files, verdict } = await setup();
  const webhooks = createAuditKeys('webhook', parseKeyRing(generateKey('webhook-audit')), null);
  await chain('worker', webhooks, LONG_AGO);
  expect(await files()).toHaveLength(1);
  expect((await verifyAudit(folder, [], webhooks)).chains).toMatchObject([
    { broken: { line: 1, why: expect.stringMatching(/its key webhook-audit is the webhook's/) } },
  ]);
  expect((await verdict(webhooks)).faults).toHaveLength(1);
});

test('a process removes its own old chains only, and those of the others stay for them', async () => {
  const { folder, chain, files } = await setup();
  for (const name of ['worker', 'starter', 'webhook']) await chain(name, NONE, LONG_AGO);
  for (const file of await files()) await utimes(join(folder, file), LONG_AGO, LONG_AGO);
  const audit = await openAudit({ folder, process: 'webhook' });
  await audit.record({ who: 'webhook', did: 'configure' });
  const gone = await pruneAudit({ folder, keepMs: 86_400_000, audit, process: 'webhook' });
  expect(gone).toEqual([expect.stringMatching(/-webhook-/)]);
  expect((await files()).map((file) => file.split('-')[1])).toEqual(['starter', 'worker', 'webhook']);
  await audit.close();
});

test('a process cannot excuse that chains of another one are gone, and no one can without the key', async () => {
  const { folder, chain, forge, files, verdict } = await setup();
  const head = await chain('worker', KEYED, LONG_AGO);
  const [file = ''] = await files();
  const gone = head.file.replace(/\.0001\.jsonl$/, '');
  await rm(join(folder, file));
  await forge('webhook', LATER, [{ who: 'webhook', did: 'prune', detail: gone }]);
  expect(await verdict(KEYED, [head])).toMatchObject({ missing: 1 });
  await forge('worker', LATER, [{ who: 'worker', did: 'prune', detail: gone }]);
  expect(await verdict(KEYED, [head])).toMatchObject({ missing: 1 });
});
