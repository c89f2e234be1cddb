import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type ProcessName, readConfig } from '../../src/config';
import { ConfigurationError } from '../../src/process/configuration-fault';
import { publishDevKeys } from '../../src/temporal/dev-keys';
import { generateKey } from '../../src/temporal/key-ring';
import { startChild, stopChildren } from '../report-store/children/child';

const CREDENTIALS = { HUMAN_API_CLIENT_ID: 'id-1', HUMAN_API_CLIENT_SECRET: 'classified' };
const LOOPBACK = {
  HUMAN_API_AUTH_URL: 'http://127.0.0.1:3002/auth',
  HUMAN_API_ADMIN_URL: 'http://localhost:3002/admin/',
  HUMAN_API_DATA_URL: 'http://[::1]:3002/data',
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'chartway-payload-'));
});
afterEach(() => {
  stopChildren();
  rmSync(folder, { recursive: true });
});

/** Against an upstream on loopback, where keys may be missing. */
function read(env: Record<string, string>) {
  const { ring, encrypts } = readConfig('starter', { ...LOOPBACK, ...env }, folder).payload;
  return { ids: ring?.ids ?? null, encrypts };
}

function faultsOf(env: Record<string, string>, processName: ProcessName = 'starter') {
  try {
    readConfig(processName, env, folder);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.faults;
    throw error;
  }
  return [];
}

function keyFile(text: string): string {
  const file = path.join(folder, 'keys');
  writeFileSync(file, text);
  return file;
}

test('keys switch encryption on, and the first of them encrypts', () => {
  expect(read({})).toEqual({ ids: null, encrypts: false });
  expect(read({ PAYLOAD_KEYS: `${generateKey('new')}, ${generateKey('old')}` })).toEqual({
    ids: ['new', 'old'],
    encrypts: true,
  });
});

test('encryption that is switched off keeps the keys, to read what was encrypted before', () => {
  expect(read({ PAYLOAD_KEYS: generateKey('a'), PAYLOAD_ENCRYPTION: 'off' })).toEqual({ ids: ['a'], encrypts: false });
});

test('keys come out of a file too: one a line or comma-separated, with remarks and empty lines', () => {
  const text = `# made in May\n${generateKey('new')} # encrypts\n\n${generateKey('b')},${generateKey('c')},\r\n`;
  expect(read({ PAYLOAD_KEYS_FILE: keyFile(text) })).toEqual({ ids: ['new', 'b', 'c'], encrypts: true });
  expect(read({ PAYLOAD_KEYS_FILE: keyFile(generateKey('a')) }).ids).toEqual(['a']);
});

test.each(['', '# nothing\n', 'a:short\n', `${generateKey('a')}\n${generateKey('a')}\n`])(
  'no keys in a file: %j is a fault',
  (text) => {
    expect(faultsOf({ PAYLOAD_KEYS_FILE: keyFile(text) })).toMatchObject([{ key: 'PAYLOAD_KEYS_FILE' }]);
  },
);

test('a file that is not there is a fault that says so, and shows no key', () => {
  const [fault] = faultsOf({ PAYLOAD_KEYS_FILE: path.join(folder, 'nowhere') });
  expect(fault).toMatchObject({ key: 'PAYLOAD_KEYS_FILE', expected: 'a file that can be read (ENOENT)' });
  const secret = generateKey('a').slice(2);
  const said = JSON.stringify(faultsOf({ PAYLOAD_KEYS_FILE: keyFile(`a:${secret}x`), PAYLOAD_KEYS: `b:${secret}x` }));
  expect(said).not.toContain(secret);
});

test('keys and a file of keys are a fault, and so is encryption without keys', () => {
  const both = { PAYLOAD_KEYS: generateKey('a'), PAYLOAD_KEYS_FILE: keyFile(generateKey('b')) };
  expect(faultsOf(both)).toMatchObject([{ key: 'PAYLOAD_KEYS_FILE', came: 'both' }]);
  expect(faultsOf({ PAYLOAD_ENCRYPTION: 'on' })).toMatchObject([{ key: 'PAYLOAD_ENCRYPTION' }]);
  expect(faultsOf({ PAYLOAD_ENCRYPTION: 'off' })).toEqual([]);
});

test.each(['worker', 'webhook', 'api', 'starter', 'chartway'] as const)(
  'the %s does not start for a real upstream without keys, unless it is told that Temporal may store personal data in clear',
  (processName) => {
    const needed = { ...CREDENTIALS, WEBHOOK_SECRET: 'a-secret-of-16-characters', REPORTS_ENCRYPTION: 'off' };
    const expected = expect.stringMatching(/npm run keygen -- main.*loopback.*PAYLOAD_ENCRYPTION=off/);
    expect(faultsOf(needed, processName)).toEqual([{ key: 'PAYLOAD_KEYS', expected, came: 'nothing' }]);
    const oneAway = { ...needed, ...LOOPBACK, HUMAN_API_DATA_URL: 'https://api.humanapi.co' };
    expect(faultsOf(oneAway, processName)).toMatchObject([{ key: 'PAYLOAD_KEYS' }]);
    expect(faultsOf({ ...needed, PAYLOAD_ENCRYPTION: 'off' }, processName)).toEqual([]);
    expect(faultsOf({ ...needed, PAYLOAD_KEYS: generateKey('a') }, processName)).toEqual([]);
    expect(faultsOf({ ...needed, PAYLOAD_KEYS_FILE: keyFile(generateKey('a')) }, processName)).toEqual([]);
    expect(faultsOf({ ...needed, ...LOOPBACK }, processName)).toEqual([]);
  },
);

test('a command that only reads files needs no keys, and npm start makes its own', () => {
  expect(faultsOf({}, 'verifier')).toEqual([]);
  expect(faultsOf({ ...CREDENTIALS, REPORTS_ENCRYPTION: 'off' }, 'dev')).toEqual([]);
});

const WRITES = ['worker', 'webhook', 'api', 'starter', 'chartway'] as const;
const NEEDED = { ...CREDENTIALS, WEBHOOK_SECRET: 'a-secret-of-16-characters', REPORTS_ENCRYPTION: 'off' };

test('beside a running npm start its keys count, for its server only and where nothing else is said', () => {
  lend(generateKey('own'));
  expect(read({})).toEqual({ ids: ['own'], encrypts: true });
  for (const processName of ['starter', 'chartway', 'api'] as const) expect(faultsOf({}, processName)).toEqual([]);
  expect(faultsOf({ TEMPORAL_ADDRESS: '127.0.0.1:7234' })).toMatchObject([{ key: 'PAYLOAD_KEYS' }]);
  expect(read({ TEMPORAL_ADDRESS: '127.0.0.1:7234' })).toEqual({ ids: null, encrypts: false });
  expect(read({ PAYLOAD_ENCRYPTION: 'off' })).toEqual({ ids: null, encrypts: false });
  expect(read({ PAYLOAD_KEYS: generateKey('mine') }).ids).toEqual(['mine']);
});

test.each(['', 'garbled\n', 'a:short\n'])(
  'keys of an npm start that are none (%j) are a fault for all, not clear text',
  (text) => {
    lend(text);
    for (const processName of WRITES) {
      expect(faultsOf(NEEDED, processName)).toEqual([
        {
          key: '.data/keys/payload',
          expected: expect.stringMatching(/a file whose lines are id:base64.*put back.*PAYLOAD_KEYS/),
          came: 'something else',
        },
      ]);
    }
    expect(faultsOf({ ...NEEDED, PAYLOAD_KEYS: generateKey('a') })).toEqual([]);
  },
);

test('keys of an npm start that cannot be read are a fault that says why', () => {
  lend(generateKey('own'));
  rmSync(path.join(folder, '.data/keys/payload'));
  mkdirSync(path.join(folder, '.data/keys/payload'));
  expect(faultsOf({})).toMatchObject([{ key: '.data/keys/payload', came: 'one that cannot be read (EISDIR)' }]);
});

test('keys are lent for as long as the npm start that lends them lives, and the next one lends them again', async () => {
  writeKeys(generateKey('own'));
  const lender = startChild('../../temporal/children/lends-keys', path.join(folder, '.data/keys'), '127.0.0.1:7233');
  await lender.said();
  expect(read({}).ids).toEqual(['own']);
  await lender.kill();
  // As on a host where Temporal of another installation now listens on this port.
  expect(readdirSync(path.join(folder, '.data/keys'))).toContain('127.0.0.1:7233');
  expect(read({})).toEqual({ ids: null, encrypts: false });
  for (const processName of WRITES) expect(faultsOf(NEEDED, processName)).toMatchObject([{ key: 'PAYLOAD_KEYS' }]);
  // Its audit log is verified with them all the same.
  expect(readConfig('verifier', {}, folder).payload.ring?.ids).toEqual(['own']);
  publishDevKeys(path.join(folder, '.data/keys'), '127.0.0.1:7233');
  expect(read({}).ids).toEqual(['own']);
});

test('a pid that belongs to another process meanwhile lends nothing, and a note of something else is a fault', () => {
  lend(generateKey('own'));
  const note = path.join(folder, '.data/keys/127.0.0.1:7233');
  writeFileSync(note, JSON.stringify({ name: 'npm start', pid: process.pid, began: 'long ago' }));
  expect(read({})).toEqual({ ids: null, encrypts: false });
  for (const text of ['', 'null', '{"pid":"1"}', generateKey('own')]) {
    writeFileSync(note, text);
    expect(faultsOf(NEEDED, 'worker')).toMatchObject([
      {
        key: '.data/keys/127.0.0.1:7233',
        expected: expect.stringMatching(/delete the file, or run `npm start` again/),
      },
    ]);
  }
});

function writeKeys(keys: string): void {
  mkdirSync(path.join(folder, '.data/keys'), { recursive: true });
  writeFileSync(path.join(folder, '.data/keys/payload'), keys);
}

/** As an `npm start` that runs in the folder. */
function lend(keys: string): void {
  writeKeys(keys);
  publishDevKeys(path.join(folder, '.data/keys'), '127.0.0.1:7233');
}
