import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createFolderStore } from '../../src/report-store/folder/store';
import { parseKeyRing } from '../../src/temporal/key-ring';
import { useFolders } from '../support/folders';
import { type ProcessName, runProcess, startProcess, useBuild } from '../support/processes';
import { startTemporalServer, type TemporalServer } from '../support/temporal-server';
import { commandsOf, fencesOf, ROOT } from './markdown';

const SECRETS = { SANDBOX_CLIENT_SECRET: 'readme-secret', HUMAN_API_CLIENT_SECRET: 'readme-secret' };
/** At this speed an applicant closes within two seconds. */
const SPEED = 3_000;

let folder: string;
let server: TemporalServer;
let env: Record<string, string>;

useBuild();
beforeAll(async () => {
  folder = await newFolder();
  server = await startTemporalServer();
  const sandbox = await startProcess('sandbox', folder, {
    SANDBOX_PORT: '0',
    SANDBOX_SPEED: String(SPEED),
    SANDBOX_CLIENT_ID: 'sandbox-client',
    SANDBOX_CLIENT_SECRET: SECRETS.SANDBOX_CLIENT_SECRET,
  });
  const [url = ''] = sandbox.addresses;
  env = {
    TEMPORAL_ADDRESS: server.address,
    HUMAN_API_CLIENT_ID: 'sandbox-client',
    HUMAN_API_CLIENT_SECRET: SECRETS.HUMAN_API_CLIENT_SECRET,
    HUMAN_API_AUTH_URL: `${url}/auth`,
    HUMAN_API_ADMIN_URL: `${url}/admin`,
    HUMAN_API_DATA_URL: `${url}/data`,
    HUMAN_API_MAX_CALLS_PER_SECOND: '200',
    LOG_LEVEL: 'error',
    WEBHOOK_PORT: '0',
    API_PORT: '0',
    // The sandbox sends no notifications here: polls find everything.
    POLL_INVITED: '500ms',
    POLL_ENGAGED: '500ms',
    POLL_SYNCING: '500ms',
    SETTLE_ALL_SYNCED: '1s',
  };
  await createFolderStore(join(folder, 'reports')).init();
  await startProcess('worker', folder, env);
  const [csv] = fencesOf('README.md').filter(({ language }) => language === 'csv');
  await writeFile(join(folder, 'applicants.csv'), `${csv?.lines.join('\n')}\n`);
}, 300_000);

afterAll(() => server?.stop());
const newFolder = useFolders();

/** Runs what the npm script of the same name runs after the build. */
async function npmRun(name: ProcessName, args: readonly string[]) {
  const { scripts } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  expect(scripts[name]).toMatch(new RegExp(`exec node --enable-source-maps dist/(src/${name}|${name}/main)\\.js$`));
  return runProcess(name, folder, env, args);
}

/** test/end-to-end/npm-start runs `npm start` as a whole; here its options must exist. */
async function npmStart(options: readonly string[]) {
  const { stdout } = await promisify(execFile)(process.execPath, [join(ROOT, 'dist/src/dev.js'), '--help']);
  for (const option of options) expect(stdout).toContain(option);
}

async function serves(name: 'worker' | 'webhook' | 'api') {
  const started = await startProcess(name, folder, env);
  expect(await started.stop()).toBe(0);
}

/** The command lines of the README, each with its test. The tests run in this order: later ones use the applicants of earlier ones. */
const COMMANDS: Readonly<Record<string, (args: string[]) => Promise<void>>> = {
  'npm start': npmStart,
  'npm start -- --once': npmStart,
  'SETTLE_ALL_SYNCED=6s npm run starter -- --client-user-id POL-1 --email several@example.org --wait': async (args) => {
    const first = await npmRun('starter', args);
    const [example] = fencesOf('README.md').filter(({ language }) => language === 'text');
    // What stands before `…` differs in each run.
    const pattern = (line: string) => line.replace(/[{}.]/g, '\\$&').replace(/\w*…/g, '.+');
    const shown = example?.lines.map((line) => expect.stringMatching(`^${pattern(line)}$`));
    expect({ status: first.status, lines: first.output.trim().split('\n') }).toEqual({ status: 0, lines: shown });
    const again = { status: 0, output: expect.stringContaining('POL-1: was started before and has closed: collected') };
    expect(await npmRun('starter', args)).toMatchObject(again);
  },
  'npm run sandbox -- --personas': async (args) => {
    const { status, lines } = await npmRun('sandbox', args);
    expect({ status, text: lines.join('\n') }).toEqual({ status: 0, text: expect.stringContaining('several') });
  },
  'SETTLE_ALL_SYNCED=6s npm run starter -- --file applicants.csv': async (args) => {
    const { status, lines } = await npmRun('starter', [...args, '--json']);
    const results = lines.map((line) => JSON.parse(line).result);
    expect({ status, results }).toEqual({ status: 0, results: ['started', 'started'] });
  },
  'npm run chartway -- cancel POL-20419 --wait': async (args) => {
    expect(await npmRun('chartway', args)).toMatchObject({ status: 0, output: expect.stringContaining('cancelled') });
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
};

test('these tests run every command of the README', () => {
  expect(commandsOf('README.md')).toEqual(Object.keys(COMMANDS));
});

test.each(Object.entries(COMMANDS))('%s', async (line, run) => {
  const words = line.replace(/^(\w+=\S+ )*npm (run \w+|start)( -- )?/, '');
  await run(words === '' ? [] : words.split(' '));
});
