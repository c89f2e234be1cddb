import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type ProcessName, readConfig } from '../../src/config';

import { type DevRun, publishDevRun } from '../../src/process/dev-run';
import { generateKey } from '../../src/temporal/key-ring';
import { startChild, stopChildren } from '../report-store/children/child';
import { readFaults } from '../support/configuration';
import { useFolders } from '../support/folders';

const CREDENTIALS = { HUMAN_API_CLIENT_ID: 'id-1', HUMAN_API_CLIENT_SECRET: 'classified' };
const NEEDED = { ...CREDENTIALS, WEBHOOK_SECRET: 'a-secret-of-16-characters', REPORTS_ENCRYPTION: 'off' };
const WRITES = ['worker', 'webhook', 'api', 'starter', 'chartway'] as const;
const LOOPBACK = {
  HUMAN_API_AUTH_URL: 'http://127.0.0.1:3002/auth',
  HUMAN_API_ADMIN_URL: 'http://localhost:3002/admin/',
  HUMAN_API_DATA_URL: 'http://[::1]:3002/data',
};

afterEach(stopChildren);
const newFolder = useFolders();
let folder: string;
beforeEach(async () => {
  folder = await newFolder();
});

/** The settings for an upstream on loopback, for which keys are optional. */
function read(env: Record<string, string>) {
  const { ring, encrypts } = readConfig('starter', { ...LOOPBACK, ...env }, folder).payload;
  return { ids: ring?.ids ?? null, encrypts };
}

const faultsOf = (env: Record<string, string>, processName: ProcessName = 'starter') =>
  readFaults(processName, env, folder);

function keyFile(text: string): string {
  const file = path.join(folder, 'keys');
  writeFileSync(file, text);
  return file;
}

test('keys enable encryption, and the first one encrypts', () => {
  expect(read({})).toEqual({ ids: null, encrypts: false });
  expect(read({ PAYLOAD_KEYS: `${generateKey('new')}, ${generateKey('old')}` })).toEqual({
    ids: ['new', 'old'],
    encrypts: true,
  });
});

test('disabled encryption keeps the keys, to decrypt earlier payloads', () => {
  expect(read({ PAYLOAD_KEYS: generateKey('a'), PAYLOAD_ENCRYPTION: 'off' })).toEqual({ ids: ['a'], encrypts: false });
});

test('a file has one key per line or commas, with comments and empty lines', () => {
  const text = `# made in May\n${generateKey('new')} # encrypts\n\n${generateKey('b')},${generateKey('c')},\r\n`;
  expect(read({ PAYLOAD_KEYS_FILE: keyFile(text) })).toEqual({ ids: ['new', 'b', 'c'], encrypts: true });
  expect(read({ PAYLOAD_KEYS_FILE: keyFile(generateKey('a')) }).ids).toEqual(['a']);
});

test.each(['', '# nothing\n', 'a:short\n', `${generateKey('a')}\n${generateKey('a')}\n`])(
  'a file without valid keys is a fault: %j',
  (text) => {
    expect(faultsOf({ PAYLOAD_KEYS_FILE: keyFile(text) })).toMatchObject([{ key: 'PAYLOAD_KEYS_FILE' }]);
  },
);

test('a missing file is a fault with the reason, and no fault shows a key', () => {
  const [fault] = faultsOf({ PAYLOAD_KEYS_FILE: path.join(folder, 'nowhere') });
  expect(fault).toMatchObject({ key: 'PAYLOAD_KEYS_FILE', expected: 'a readable file (ENOENT)' });
  const secret = generateKey('a').slice(2);
  const text = JSON.stringify(faultsOf({ PAYLOAD_KEYS_FILE: keyFile(`a:${secret}x`), PAYLOAD_KEYS: `b:${secret}x` }));
  expect(text).not.toContain(secret);
});

test('keys and a file of keys together are a fault, and so is encryption without keys', () => {
  const both = { PAYLOAD_KEYS: generateKey('a'), PAYLOAD_KEYS_FILE: keyFile(generateKey('b')) };
  expect(faultsOf(both)).toMatchObject([{ key: 'PAYLOAD_KEYS_FILE', got: 'both' }]);
  expect(faultsOf({ PAYLOAD_ENCRYPTION: 'on' })).toMatchObject([{ key: 'PAYLOAD_ENCRYPTION' }]);
  expect(faultsOf({ PAYLOAD_ENCRYPTION: 'off' })).toEqual([]);
});

test.each(WRITES)('the %s requires keys for a real upstream, unless PAYLOAD_ENCRYPTION=off', (processName) => {
  const expected = expect.stringMatching(/npm run keygen -- main.*loopback.*PAYLOAD_ENCRYPTION=off/);
  expect(faultsOf(NEEDED, processName)).toEqual([{ key: 'PAYLOAD_KEYS', expected, got: 'nothing' }]);
  const oneRemote = { ...NEEDED, ...LOOPBACK, HUMAN_API_DATA_URL: 'https://api.humanapi.co' };
  expect(faultsOf(oneRemote, processName)).toMatchObject([{ key: 'PAYLOAD_KEYS' }]);
  const file = keyFile(generateKey('a'));
  for (const env of [
    { PAYLOAD_ENCRYPTION: 'off' },
    { PAYLOAD_KEYS: generateKey('a') },
    { PAYLOAD_KEYS_FILE: file },
    LOOPBACK,
  ]) {
    expect(faultsOf({ ...NEEDED, ...env }, processName)).toEqual([]);
  }
});

test('a command that only reads files needs no keys, and npm start generates its own', () => {
  expect(faultsOf({}, 'verifier')).toEqual([]);
  expect(faultsOf({ ...CREDENTIALS, REPORTS_ENCRYPTION: 'off' }, 'dev')).toEqual([]);
});

test('the keys of a running npm start count for its server only, and if no variable is set', () => {
  publish(generateKey('dev'));
  expect(read({})).toEqual({ ids: ['dev'], encrypts: true });
  for (const processName of ['starter', 'chartway', 'api'] as const) expect(faultsOf({}, processName)).toEqual([]);
  expect(faultsOf({ TEMPORAL_ADDRESS: '127.0.0.1:7234' })).toMatchObject([{ key: 'PAYLOAD_KEYS' }]);
  expect(read({ TEMPORAL_ADDRESS: '127.0.0.1:7234' })).toEqual({ ids: null, encrypts: false });
  expect(read({ PAYLOAD_ENCRYPTION: 'off' })).toEqual({ ids: null, encrypts: false });
  expect(read({ PAYLOAD_KEYS: generateKey('mine') }).ids).toEqual(['mine']);
});

test.each([
  ['', 'something else'],
  ['garbled\n', 'something else'],
  ['a:short\n', 'something else'],
  [null, 'an unreadable file (EISDIR)'],
])(
  'keys of an npm start that are %j (null: a folder) are a fault of every process, and never disable encryption',
  (text, got) => {
    publish(text ?? generateKey('dev'));
    if (text === null) {
      rmSync(path.join(folder, '.data/keys/payload'));
      mkdirSync(path.join(folder, '.data/keys/payload'));
    }
    const expected = expect.stringMatching(/a file whose lines are id:base64.*restore the file.*PAYLOAD_KEYS/);
    for (const processName of WRITES) {
      expect(faultsOf(NEEDED, processName)).toEqual([{ key: '.data/keys/payload', expected, got }]);
    }
    expect(faultsOf({ ...NEEDED, PAYLOAD_KEYS: generateKey('a') })).toEqual([]);
  },
);

test('keys are published while their npm start runs, and the next one publishes them again', async () => {
  writeKeys(generateKey('dev'));
  const owner = startChild('../../temporal/children/publishes-run', path.join(folder, '.data'), '127.0.0.1:7233');
  await owner.nextMessage();
  expect(read({}).ids).toEqual(['dev']);
  await owner.kill();
  // Another installation's Temporal may use this port now.
  expect(readdirSync(path.join(folder, '.data'))).toContain('npm-start-run.json');
  expect(read({})).toEqual({ ids: null, encrypts: false });
  for (const processName of WRITES) expect(faultsOf(NEEDED, processName)).toMatchObject([{ key: 'PAYLOAD_KEYS' }]);
  // The verifier of its audit log still uses them.
  expect(readConfig('verifier', {}, folder).payload.ring?.ids).toEqual(['dev']);
  publishRun();
  expect(read({}).ids).toEqual(['dev']);
});

test('a reused pid publishes no keys, and a file of another form is a fault', () => {
  publish(generateKey('dev'));
  const file = path.join(folder, '.data/npm-start-run.json');
  const published = JSON.parse(readFileSync(file, 'utf8'));
  writeFileSync(file, JSON.stringify({ ...published, owner: { ...published.owner, began: 'long ago' } }));
  expect(read({})).toEqual({ ids: null, encrypts: false });
  for (const text of ['', 'null', JSON.stringify({ ...published, run: {} }), generateKey('dev')]) {
    writeFileSync(file, text);
    const expected = expect.stringMatching(/delete the file, or run `npm start` again/);
    for (const processName of ['worker', 'chartway'] as const)
      expect(faultsOf(NEEDED, processName)).toMatchObject([{ key: '.data/npm-start-run.json', expected }]);
    expect(faultsOf({ ...NEEDED, PAYLOAD_KEYS: generateKey('mine') }, 'worker')).toEqual([]);
  }
});

describe('a command in the folder of a running npm start', () => {
  const ADDRESS = '127.0.0.1:41415';
  const OWN = { TEMPORAL_ADDRESS: ADDRESS, TASK_QUEUE: 'of-the-run', WEBHOOK_PORT: '41416', POLL_SYNCING: '6s' };
  let unpublish: () => void;
  beforeEach(() => {
    publish(generateKey('dev'));
    unpublish = publishRun({ temporalAddress: ADDRESS, settings: OWN });
  });

  test('uses its server, keys and settings, unless the environment has others; .env does not', () => {
    writeFileSync(path.join(folder, '.env'), 'WEBHOOK_PORT=3001\n');
    const { temporal, payload, taskQueue, webhook, policy } = readConfig('chartway', { POLL_SYNCING: '7s' }, folder);
    expect(temporal.connection.address).toBe(ADDRESS);
    expect(payload.ring?.ids).toEqual(['dev']);
    expect([taskQueue, webhook.port, policy.pollMs.syncing]).toEqual(['of-the-run', 41_416, 7_000]);
    expect(readConfig('starter', { TEMPORAL_ADDRESS: ADDRESS }, folder).taskQueue).toBe('of-the-run');
  });

  test('with another server uses nothing of it, and the error says so first', () => {
    const other = { TEMPORAL_ADDRESS: '127.0.0.1:7233' };
    expect(readConfig('chartway', { ...LOOPBACK, ...other }, folder)).toMatchObject({
      payload: { ring: null },
      taskQueue: 'chartway',
    });
    expect(() => readConfig('chartway', other, folder)).toThrow(
      /^npm start of this folder runs at 127.0.0.1:41415: set TEMPORAL_ADDRESS=127.0.0.1:41415 to use it\nInvalid/,
    );
    // A server that the run did not start may need more than its address.
    publishRun({ temporalAddress: ADDRESS, settings: { TASK_QUEUE: 'of-the-run' } });
    expect(() => readConfig('chartway', {}, folder)).toThrow(/^npm start of this folder runs at /);
  });

  test('that has ended gets an error that says so first', () => {
    unpublish();
    expect(() => readConfig('chartway', {}, folder)).toThrow(/^no npm start of this folder runs: .*\nInvalid/);
    rmSync(path.join(folder, '.data/keys'), { recursive: true });
    expect(() => readConfig('chartway', {}, folder)).toThrow(/^Invalid/);
  });

  test('is not followed by a service, which is configured by itself', () => {
    expect(readConfig('api', LOOPBACK, folder).temporal.connection.address).toBe('127.0.0.1:7233');
  });
});

function writeKeys(keys: string): void {
  mkdirSync(path.join(folder, '.data/keys'), { recursive: true });
  writeFileSync(path.join(folder, '.data/keys/payload'), keys);
}

/** Publishes keys like an `npm start` that runs in the folder. */
function publish(keys: string): void {
  writeKeys(keys);
  publishRun();
}

/** At the default address, like an `npm start` that uses a configured server. */
function publishRun(changes: Partial<DevRun> = {}): () => void {
  return publishDevRun(path.join(folder, '.data'), {
    temporalAddress: '127.0.0.1:7233',
    usesOwnKeys: true,
    settings: {},
    ...changes,
  });
}
