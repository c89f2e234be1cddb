import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { lives, until } from '../dev/processes-fixture';

/** What `npm start` runs once it has built. */
const DEV = path.join(__dirname, '../../dist/src/dev.js');
/** The samples' minute, the start before it and the drain behind it, on two cores that others use too. */
const STORY_LIMIT_MS = 180_000;
/** One of the lines that tell a change: who, where it stands, how it ended. */
const CHANGE = /^applicant \| \S+ (DEMO-(\w+)-\S+) +(\w+)(?: +(.+))?$/;

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
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => (said += bytes));
    const ended = once(child, 'exit').then(([status]) => status as number | null);
    return { pid: child.pid ?? -1, ended, said: () => said, lines: () => said.split('\n') };
  }

  test(
    'Ctrl-C in mid-story ends everything, and the next start with --once sees every sample end as it must',
    async () => {
      const first = start();
      await until(() => CHANGE.test(first.lines().findLast((line) => line.startsWith('applicant')) ?? ''));
      const pids = running(folder);
      expect(Object.keys(pids).sort()).toEqual(['npm start', 'sandbox', 'temporal', 'webhook', 'worker']);
      // The terminal signals the group, npm passes the signal on.
      process.kill(-first.pid, 'SIGINT');
      process.kill(first.pid, 'SIGINT');
      expect(await first.ended).toBe(0);
      expect(Object.values(pids).filter(lives)).toEqual([]);

      const second = start('--once');
      await until(() => Object.keys(running(folder)).length === 5);
      const others = running(folder);
      const status = await second.ended;
      const closings = changes(second.lines()).filter(
        ({ stage, round }) => stage === 'closed' && round !== roundOf(first),
      );
      expect({ status, said: second.said() }).toMatchObject({ status: 0 });
      expect(closings.map(({ persona, rest }) => `${persona} ${rest}`).sort()).toEqual([
        'attention collected 3 documents',
        'broken failed (upstream-error)',
        'declines declined',
        'eager collected 3 documents',
        'partial partial 3 documents',
        'pharmacy collected 2 documents',
        'several collected 10 documents',
        'silent expired (invitation-expired)',
      ]);
      expect(Object.values(others).filter(lives)).toEqual([]);
      expect(existsSync(path.join(folder, '.data', 'npm-start.json'))).toBe(false);

      for (const { clientUserId, rest } of closings) {
        const report = path.join(folder, 'reports', clientUserId);
        const manifest = JSON.parse(readFileSync(path.join(report, 'manifest.json'), 'utf8'));
        expect(manifest).toMatchObject({ clientUserId, outcome: rest.split(' ')[0] });
        for (const { file } of manifest.documents) expect(existsSync(path.join(report, file))).toBe(true);
      }
      // One line a change, and nobody's address in any.
      const told = changes(second.lines()).map(({ clientUserId, stage, rest }) => `${clientUserId} ${stage} ${rest}`);
      expect(
        told.filter(
          (line, index) =>
            told.slice(0, index).findLast((other) => other.startsWith(line.split(' ')[0] ?? '')) === line,
        ),
      ).toEqual([]);
      expect(`${first.said()}${second.said()}`).not.toContain('@');
      for (const log of readdirSync(path.join(folder, '.data', 'logs'))) {
        expect(readFileSync(path.join(folder, '.data', 'logs', log), 'utf8')).not.toContain('@example.org');
      }
    },
    STORY_LIMIT_MS,
  );
});

function changes(lines: readonly string[]) {
  return lines.flatMap((line) => {
    const [, clientUserId = '', persona = '', stage = '', rest = ''] = CHANGE.exec(line) ?? [];
    return stage === ''
      ? []
      : [{ clientUserId, persona, stage, rest, round: clientUserId.replace(`DEMO-${persona}-`, '') }];
  });
}

function roundOf({ lines }: { lines: () => string[] }): string {
  return changes(lines())[0]?.round ?? '';
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
