import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { readArguments } from '../../src/dev/arguments';
import { createFolderStore } from '../../src/report-store/folder/store';
import { parseKeyRing } from '../../src/temporal/key-ring';
import { ensureBuilt, killLeftOvers, type ProcessName, runProcess, startProcess } from '../support/processes';
import { startTemporalServer, type TemporalServer } from '../support/temporal-server';
import { commandsOf, fencesOf, ROOT } from './markdown';

const SECRETS = { SANDBOX_CLIENT_SECRET: 'readme-secret', HUMAN_API_CLIENT_SECRET: 'readme-secret' };
/** An applicant's story at this speed takes a second or two, and a start of a process one or two on a busy machine. */
const SPEED = 3_000;
const LIMIT_MS = 60_000;

let folder: string;
let server: TemporalServer;
let env: Record<string, string>;

beforeAll(async () => {
  await ensureBuilt();
  folder = await mkdtemp(join(tmpdir(), 'chartway-readme-'));
  server = await startTemporalServer();
  const sandbox = await startProcess('sandbox', folder, {
    ...{ SANDBOX_PORT: '0', SANDBOX_SPEED: String(SPEED), SANDBOX_CLIENT_ID: 'sandbox-client' },
    SANDBOX_CLIENT_SECRET: SECRETS.SANDBOX_CLIENT_SECRET,
  });
  const [url = ''] = sandbox.addresses;
  env = {
    ...{ TEMPORAL_ADDRESS: server.address, HUMAN_API_CLIENT_ID: 'sandbox-client' },
    HUMAN_API_CLIENT_SECRET: SECRETS.HUMAN_API_CLIENT_SECRET,
    ...{ HUMAN_API_AUTH_URL: `${url}/auth`, HUMAN_API_ADMIN_URL: `${url}/admin`, HUMAN_API_DATA_URL: `${url}/data` },
    ...{ HUMAN_API_MAX_CALLS_PER_SECOND: '200', LOG_LEVEL: 'error', WEBHOOK_PORT: '0', API_PORT: '0' },
    // No webhook listens for the sandbox: polls find everything.
    ...{ POLL_INVITED: '500ms', POLL_ENGAGED: '500ms', POLL_SYNCING: '500ms', SETTLE_ALL_SYNCED: '1s' },
  };
  await createFolderStore(join(folder, 'reports')).init();
  await startProcess('worker', folder, env);
  const [csv] = fencesOf('README.md').filter(({ language }) => language === 'csv');
  await writeFile(join(folder, 'applicants.csv'), `${csv?.lines.join('\n')}\n`);
}, 300_000);

afterAll(async () => {
  await killLeftOvers();
  await server?.stop();
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

/** Runs what the npm script of the same name runs, once it has built. */
async function npmRun(name: ProcessName, args: readonly string[], more: Record<string, string> = {}) {
  const { scripts } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  expect(scripts[name]).toMatch(new RegExp(`exec node --enable-source-maps dist/(src/${name}|${name}/main)\\.js$`));
  return runProcess(name, folder, { ...env, ...more }, args);
}

/** `npm start` whole takes minutes; what it does with these options is tested there, and that they are options here. */
async function npmStart(args: readonly string[]) {
  const exit = jest.spyOn(process, 'exit').mockImplementation((status) => {
    throw new Error(`exit ${status}`);
  });
  expect(() => readArguments(args, {})).not.toThrow();
  exit.mockRestore();
  expect(await readFile(join(ROOT, 'test/end-to-end/npm-start.test.ts'), 'utf8')).toContain('dist/src/dev.js');
}

async function serves(name: 'worker' | 'webhook' | 'api') {
  const started = await startProcess(name, folder, env);
  expect(await started.end()).toBe(0);
}

/** The command lines of the README, in its order, and what must come of each. One that is not here fails. */
const COMMANDS: Readonly<Record<string, (args: string[]) => Promise<void>>> = {
  'npm start': npmStart,
  'SETTLE_ALL_SYNCED=6s npm run starter -- --client-user-id POL-1 --email several@example.org --wait': async (args) => {
    const first = await npmRun('starter', args);
    expect({ status: first.status, said: first.stderr }).toEqual({
      status: 0,
      said: expect.stringContaining('collected'),
    });
    const again = await npmRun('starter', args);
    expect({ status: again.status, said: again.stderr }).toEqual({
      status: 0,
      said: expect.stringContaining('collected'),
    });
  },
  'npm run sandbox -- --personas': async (args) => {
    const { status, lines } = await npmRun('sandbox', args);
    expect({ status, text: lines.join('\n') }).toEqual({ status: 0, text: expect.stringMatching(/several/) });
  },
  'npm start -- --once': npmStart,
  'npm start -- --verbose': npmStart,
  'npm start -- --personas eager,declines': npmStart,
  'npm start -- --all': npmStart,
  'npm start -- --fresh': npmStart,
  'npm run starter -- --client-user-id POL-20417 --email max@example.org --first-name Max --date-of-birth 1980-02-03':
    async (args) => {
      expect(await npmRun('starter', args)).toMatchObject({ status: 0 });
    },
  'npm run starter -- --file applicants.csv --dry-run': async (args) => {
    expect(await npmRun('starter', args)).toMatchObject({ status: 0 });
    expect((await npmRun('starter', [...args, '--json'])).lines).toHaveLength(0);
  },
  'npm run starter -- --file applicants.csv': async (args) => {
    const { status, lines } = await npmRun('starter', [...args, '--json']);
    expect({ status, results: lines.map((line) => JSON.parse(line).result) }).toEqual({
      status: 0,
      results: ['started', 'started'],
    });
  },
  'npm run chartway -- cancel POL-20417 --wait': async (args) => {
    // A round whose window stays open, so that there is a run to cancel however fast the first one was.
    const ended = ['--client-user-id', 'POL-20417', '--email', 'max@example.org', '--first-name', 'Max'];
    await npmRun('starter', [...ended, '--date-of-birth', '1980-02-03', '--wait']);
    await npmRun('starter', [...ended, '--date-of-birth', '1980-02-03', '--again'], { SETTLE_ALL_SYNCED: '1h' });
    expect(await npmRun('chartway', args)).toMatchObject({ status: 0 });
  },
  'npm run keygen -- main': async (args) => {
    const { stdout } = await promisify(execFile)(process.execPath, [join(ROOT, 'scripts/keygen.mjs'), ...args]);
    expect(parseKeyRing(stdout.trim())).not.toBeNull();
  },
  'npm run chartway -- store init': async (args) => {
    expect(await npmRun('chartway', args)).toMatchObject({ status: 0 });
  },
  'npm run worker': () => serves('worker'),
  'npm run webhook': () => serves('webhook'),
  'npm run api': () => serves('api'),
  'npm run chartway -- --help': async (args) => {
    expect(await npmRun('chartway', args)).toMatchObject({ status: 0 });
  },
  'npm run chartway -- quarantine list': async (args) => {
    expect(await npmRun('chartway', args)).toMatchObject({ status: 0 });
  },
  // Of what the commands before it have done.
  'npm run audit -- verify': async (args) => {
    expect(await npmRun('chartway', ['audit', ...args])).toMatchObject({ status: 0 });
  },
};

test('every command of the README is one that is run here', () => {
  expect(commandsOf('README.md')).toEqual(Object.keys(COMMANDS));
});

test.each(Object.entries(COMMANDS))(
  '%s',
  async (line, act) => {
    const words = line.replace(/^(\w+=\S+ )*npm (run \w+|start)( -- )?/, '');
    await act(words === '' ? [] : words.split(' '));
  },
  LIMIT_MS,
);
