import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { lives, until } from '../dev/processes-fixture';

/** What `npm start` runs once it has built. */
const DEV = path.join(__dirname, '../../dist/src/dev.js');
/** Where the sandbox tells whom it was asked to invite. */
const SANDBOX = /sandbox +(http:\S+\/control\/people)/;
/** The samples' minute, three starts and their drains, on two cores that others use too. */
const STORY_LIMIT_MS = 180_000;
/** What runs once everything is up. */
const PROCESSES = ['api', 'npm start', 'sandbox', 'temporal', 'webhook', 'worker'];
/** One of the lines that tell a change: who, where it stands, how it ended. */
const CHANGE = /^applicant \| \S+ (DEMO-([a-z-]+)-\w{6}) +(\w+)(?: +(.+))?$/;

describe('npm start', () => {
  let folder: string;
  const begun: ChildProcess[] = [];

  beforeEach(() => {
    if (!existsSync(DEV)) throw new Error(`expected ${DEV}; \`npm run build\` makes it`);
    folder = mkdtempSync(path.join(tmpdir(), 'npm-start-'));
  });
  afterEach(async () => {
    for (const child of begun.splice(0))
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    for (const pid of Object.values(running(folder))) if (lives(pid)) process.kill(pid, 'SIGKILL');
    rmSync(folder, { recursive: true });
  });

  /** In a process group of its own, as a terminal starts a command. */
  function start(...args: string[]) {
    const child = spawn(process.execPath, [DEV, ...args], {
      cwd: folder,
      env: withoutOurs(process.env),
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    begun.push(child);
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (said += text));
    // `close`, because the last lines may arrive after `exit`.
    const ended = once(child, 'close').then(([status]) => status as number | null);
    return { pid: child.pid ?? -1, ended, said: () => said, lines: () => said.split('\n') };
  }

  test(
    'Ctrl-C in mid-story ends everything, the next start goes on to the end that every sample must come to, and one more finds it so',
    async () => {
      const first = start();
      await until(() => CHANGE.test(first.lines().findLast((line) => line.startsWith('applicant')) ?? ''));
      const pids = running(folder);
      expect(Object.keys(pids).sort()).toEqual(PROCESSES);
      // The terminal signals the group, npm passes the signal on.
      process.kill(-first.pid, 'SIGINT');
      process.kill(first.pid, 'SIGINT');
      expect(await first.ended).toBe(0);
      expect(Object.values(pids).filter(lives)).toEqual([]);

      const second = start('--once');
      await until(() => Object.keys(running(folder)).length === PROCESSES.length);
      const others = running(folder);
      const status = await second.ended;
      expectWell(status, second.said());
      const closings = new Map(
        [...changes(first.lines()), ...changes(second.lines())]
          .filter(({ stage }) => stage === 'closed')
          .map((closing) => [closing.clientUserId, closing]),
      );
      expect([...closings.values()].map(({ persona, rest }) => `${persona} ${rest}`).sort()).toEqual([
        'attention collected 3 documents',
        'bounces failed (invitation-undeliverable)',
        'broken failed (upstream-error)',
        'declines declined',
        'disconnects partial (disconnected) 3 documents',
        'eager collected 3 documents',
        'flips collected 5 documents',
        'huge collected 40 documents',
        'late collected 2 documents',
        'never-existed cancelled (deleted-upstream)',
        'partial partial 3 documents',
        'pharmacy collected 2 documents',
        'reconnects collected 3 documents',
        'several collected 10 documents',
        'silent expired (invitation-expired)',
        'slow collected 3 documents',
        'updates collected 3 documents',
      ]);
      expect(Object.values(others).filter(lives)).toEqual([]);
      expect(existsSync(path.join(folder, '.data', 'npm-start.json'))).toBe(false);

      for (const { clientUserId, rest } of closings.values()) {
        const report = path.join(folder, 'reports', clientUserId);
        const manifest = JSON.parse(readFileSync(path.join(report, 'manifest.json'), 'utf8'));
        expect(manifest).toMatchObject({ clientUserId, outcome: rest.split(' ')[0] });
        for (const { file } of manifest.documents) expect(existsSync(path.join(report, file))).toBe(true);
      }

      const third = start('--once');
      await until(() => SANDBOX.test(third.said()));
      const [, sandboxUrl = ''] = SANDBOX.exec(third.said()) ?? [];
      const people = (await (await fetch(sandboxUrl)).json()) as { clientUserId: string }[];
      expectWell(await third.ended, third.said());
      // Each sample and the visitor of the first start: nobody was invited twice, by whichever start.
      expect(people.map(({ clientUserId }) => clientUserId).sort()).toEqual(
        [...closings.keys(), [...closings.keys()][0]?.replace(/-[a-z-]+-/, '-you-')].sort(),
      );

      // One line a change, and nobody's address in any.
      const told = changes(second.lines()).map(({ clientUserId, stage, rest }) => `${clientUserId} ${stage} ${rest}`);
      expect(told.filter((line, index) => told.indexOf(line) < index && line.includes(' closed '))).toEqual([]);
      expect(`${first.said()}${second.said()}${third.said()}`).not.toContain('@');
      for (const log of readdirSync(path.join(folder, '.data', 'logs'))) {
        const text = readFileSync(path.join(folder, '.data', 'logs', log), 'utf8');
        expect(text).not.toContain('@example.org');
        expect(text).not.toContain('/invitation/');
      }
    },
    STORY_LIMIT_MS,
  );

  test(
    'a fresh start has to be agreed to, begins with new samples, and leaves reports and secrets alone',
    async () => {
      const data = path.join(folder, '.data');
      mkdirSync(path.join(data, 'sandbox'), { recursive: true });
      writeFileSync(path.join(data, 'samples-round'), 'aaaaaa\n');
      writeFileSync(path.join(data, 'sandbox-secret'), 'kept\n');
      mkdirSync(path.join(folder, 'reports', 'DEMO-declines-aaaaaa'), { recursive: true });
      const unasked = start('--fresh', '--once', '--personas', 'declines');
      expect(await unasked.ended).toBe(2);
      expect(unasked.said()).toContain('--fresh --yes');
      expect(readFileSync(path.join(data, 'samples-round'), 'utf8')).toBe('aaaaaa\n');

      const agreed = start('--fresh', '--yes', '--once', '--personas', 'declines');
      expectWell(await agreed.ended, agreed.said());
      expect(new Set(changes(agreed.lines()).map(({ persona }) => persona))).toEqual(new Set(['declines']));
      expect(readFileSync(path.join(data, 'samples-round'), 'utf8')).not.toBe('aaaaaa\n');
      expect(readFileSync(path.join(data, 'sandbox-secret'), 'utf8')).toBe('kept\n');
      expect(existsSync(path.join(folder, 'reports', 'DEMO-declines-aaaaaa'))).toBe(true);
    },
    STORY_LIMIT_MS,
  );
});

/** What was said tells why it did not end well. */
function expectWell(status: number | null, said: string): void {
  expect({ status, said: status === 0 ? '' : said }).toEqual({ status: 0, said: '' });
}

function changes(lines: readonly string[]) {
  return lines.flatMap((line) => {
    const [, clientUserId = '', persona = '', stage = '', rest = ''] = CHANGE.exec(line) ?? [];
    return stage === '' ? [] : [{ clientUserId, persona, stage, rest }];
  });
}

/** Who runs, by the record that a start keeps of it. */
function running(folder: string): Record<string, number> {
  const file = path.join(folder, '.data', 'npm-start.json');
  if (!existsSync(file)) return {};
  const identities = JSON.parse(readFileSync(file, 'utf8')) as { name: string; pid: number }[];
  return Object.fromEntries(identities.map(({ name, pid }) => [name, pid]));
}

/** A machine's own settings must not decide what this starts; where the CLI is may be told. */
function withoutOurs(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const ours = /^(HUMAN_API_|TEMPORAL_(?!CLI_PATH)|WEBHOOK_|REPORT|POLL_|SETTLE_|METRICS_|TASK_QUEUE|LOG_LEVEL)/;
  return Object.fromEntries(Object.entries(env).filter(([name]) => !ours.test(name)));
}
