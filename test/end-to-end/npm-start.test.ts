import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { isRunning } from '../dev/fixture';
import { killCommands, spawnCommand } from '../support/command';
import { until } from '../support/condition';
import { useFolders } from '../support/folders';
import { useBuild } from '../support/processes';

/** The program of `npm start`, after the build. */
const DEV = path.join(__dirname, '../../dist/src/dev.js');
/** The sandbox's list of invited people. */
const SANDBOX = /sandbox +(http:\S+\/control\/people)/;
/** One start on two busy cores. */
const START_LIMIT_MS = 180_000;
const PROCESSES = ['api', 'npm start', 'sandbox', 'temporal', 'webhook', 'worker'];
/** A line that reports a change. */
const CHANGE = /^applicant \| \S+ (DEMO-([a-z-]+)-\w{6}) +(\w+)(?: +(.+))?$/;

jest.setTimeout(2 * START_LIMIT_MS);
useBuild();
const newFolder = useFolders();

describe('npm start', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await newFolder();
  });
  afterEach(async () => {
    await killCommands();
    for (const pid of Object.values(runningPids(folder))) if (isRunning(pid)) process.kill(pid, 'SIGKILL');
  });

  /** Starts it in its own process group, as a terminal does. */
  function start(...args: string[]) {
    const options = { cwd: folder, env: withoutSettings(process.env), detached: true };
    return spawnCommand([process.execPath, DEV, ...args], options);
  }

  test('stops all processes on Ctrl-C during a story; the next start continues to the expected ends without a second invitation', async () => {
    const first = start('--personas', 'eager,declines,several,silent,flips');
    await until('a change', () => changes(first.output()).length > 0, START_LIMIT_MS);
    const pids = runningPids(folder);
    expect(Object.keys(pids).sort()).toEqual(PROCESSES);
    // The terminal signals the group, and npm passes the signal to its child.
    process.kill(-first.pid, 'SIGINT');
    process.kill(first.pid, 'SIGINT');
    expect(await first.exited).toBe(0);
    expect(Object.values(pids).filter(isRunning)).toEqual([]);

    const second = start('--once', '--personas', 'eager,declines,several,silent,flips');
    await until('all processes', () => Object.keys(runningPids(folder)).length === PROCESSES.length, START_LIMIT_MS);
    const secondPids = runningPids(folder);
    const { 1: peopleUrl = '' } = await until('the addresses', () => SANDBOX.exec(second.output()), START_LIMIT_MS);
    const samples = () =>
      [...changes(first.output()), ...changes(second.output())].filter(({ stage }) => stage === 'closed');
    let people: readonly { clientUserId: string }[] = [];
    await until(
      'all samples to end',
      async () => {
        const isEnd = samples().length >= 5;
        // The sandbox stops soon after the last end. The list before it is complete: a story takes seconds.
        const list = await fetch(peopleUrl)
          .then((response) => response.json() as Promise<typeof people>)
          .catch(() => null);
        if (list) people = list;
        return isEnd;
      },
      START_LIMIT_MS,
    );
    expectSuccess(await second.exited, second.output());
    const closed = samples();
    expect(closed.map(({ persona, result }) => `${persona} ${result}`).sort()).toEqual([
      'declines declined',
      'eager collected 3 documents',
      'flips collected 5 documents',
      'several collected 10 documents',
      'silent expired (invitation-expired)',
    ]);
    // The samples and the manual applicant of the first start.
    const ids = closed.map(({ clientUserId }) => clientUserId);
    expect(people.map(({ clientUserId }) => clientUserId).sort()).toEqual(
      [...ids, ids[0]?.replace(/-[a-z-]+-/, '-you-')].sort(),
    );
    expect(Object.values(secondPids).filter(isRunning)).toEqual([]);
    expect(existsSync(path.join(folder, '.data', 'npm-start.json'))).toBe(false);

    for (const { clientUserId, result } of closed) {
      const report = path.join(folder, 'reports', clientUserId);
      const manifest = JSON.parse(readFileSync(path.join(report, 'manifest.json'), 'utf8'));
      expect(manifest).toMatchObject({ clientUserId, outcome: result.split(' ')[0] });
      for (const { file } of manifest.documents) expect(existsSync(path.join(report, file))).toBe(true);
    }
    // No personal data.
    expect(`${first.output()}${second.output()}`).not.toContain('@');
    for (const log of readdirSync(path.join(folder, '.data', 'logs'))) {
      const text = readFileSync(path.join(folder, '.data', 'logs', log), 'utf8');
      expect(text).not.toContain('@example.org');
      expect(text).not.toContain('/invitation/');
    }
  });

  test('with --fresh and a confirmation starts with new samples and keeps reports and secrets', async () => {
    const data = path.join(folder, '.data');
    mkdirSync(path.join(data, 'sandbox'), { recursive: true });
    writeFileSync(path.join(data, 'samples-round'), 'aaaaaa\n');
    writeFileSync(path.join(data, 'sandbox-secret'), 'kept\n');
    mkdirSync(path.join(folder, 'reports', 'DEMO-declines-aaaaaa'), { recursive: true });
    const unconfirmed = start('--fresh', '--once', '--personas', 'declines');
    expect(await unconfirmed.exited).toBe(2);
    expect(unconfirmed.output()).toContain('--fresh --yes');
    expect(readFileSync(path.join(data, 'samples-round'), 'utf8')).toBe('aaaaaa\n');

    const { exited, output } = start('--fresh', '--yes', '--once', '--personas', 'declines');
    expectSuccess(await exited, output());
    expect(new Set(changes(output()).map(({ persona }) => persona))).toEqual(new Set(['declines']));
    expect(readFileSync(path.join(data, 'samples-round'), 'utf8')).not.toBe('aaaaaa\n');
    expect(readFileSync(path.join(data, 'sandbox-secret'), 'utf8')).toBe('kept\n');
    expect(existsSync(path.join(folder, 'reports', 'DEMO-declines-aaaaaa'))).toBe(true);
  });
});

/** Shows the output if the status is wrong. */
function expectSuccess(status: number | null, output: string): void {
  expect({ status, output: status === 0 ? '' : output }).toEqual({ status: 0, output: '' });
}

function changes(output: string) {
  return output.split('\n').flatMap((line) => {
    const [, clientUserId = '', persona = '', stage = '', result = ''] = CHANGE.exec(line) ?? [];
    return stage === '' ? [] : [{ clientUserId, persona, stage, result }];
  });
}

/** The processes of the record that a start keeps. */
function runningPids(folder: string): Record<string, number> {
  const file = path.join(folder, '.data', 'npm-start.json');
  if (!existsSync(file)) return {};
  const identities = JSON.parse(readFileSync(file, 'utf8')) as { name: string; pid: number }[];
  return Object.fromEntries(identities.map(({ name, pid }) => [name, pid]));
}

/** The environment without settings of Chartway, except the path of Temporal's CLI. */
function withoutSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const settings = /^(HUMAN_API_|TEMPORAL_(?!CLI_PATH)|WEBHOOK_|REPORT|POLL_|SETTLE_|METRICS_|TASK_QUEUE|LOG_LEVEL)/;
  return Object.fromEntries(Object.entries(env).filter(([name]) => !settings.test(name)));
}
