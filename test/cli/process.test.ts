import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ensureBuilt } from '../support/processes';
import { startTemporalServer, type TemporalServer } from '../support/temporal-server';

let server: TemporalServer;
let folder: string;
beforeAll(async () => {
  [server] = await Promise.all([startTemporalServer(), ensureBuilt()]);
  folder = mkdtempSync(path.join(tmpdir(), 'chartway-starter-'));
}, 150_000);
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await server?.stop();
});

/** The starter as a process: compiled, in a folder without `.env`, with nothing else in its environment. */
function starter(args: readonly string[], options: { env?: Record<string, string>; stdin?: string } = {}) {
  const entry = path.join(__dirname, '../../dist/src/starter.js');
  const env = { PATH: process.env['PATH'], TEMPORAL_ADDRESS: server.address, ...options.env };
  return new Promise<{ status: unknown; stdout: string; stderr: string }>((resolve) => {
    const child = execFile(process.execPath, [entry, ...args], { cwd: folder, env }, (error, stdout, stderr) =>
      resolve({ status: error?.code ?? 0, stdout, stderr }),
    );
    child.stdin?.end(options.stdin ?? '');
  });
}

const ONE = ['--client-user-id', 'POL-1', '--email', 'max@example.org'];

test('on a server that never heard of us it registers what it needs, starts, and finds the applicant again', async () => {
  const [first, second] = await Promise.all([starter([...ONE, '--json']), starter([...ONE, '--json'])]);
  expect([first.status, second.status]).toEqual([0, 0]);
  const results = [first, second].map(({ stdout }) => JSON.parse(stdout).result);
  expect(results.sort()).toEqual(['running', 'started']);
  const other = await starter(['--client-user-id', 'POL-1', '--email', 'eve@example.org', '--json']);
  expect(other.status).toBe(1);
  expect(JSON.parse(other.stdout)).toMatchObject({ clientUserId: 'POL-1', result: 'conflict', stage: 'inviting' });
  expect(other.stdout + other.stderr).not.toMatch(/max@|eve@/);
});

test('a file and standard input start the same rows, and name the bad one by its line', async () => {
  const rows = ['CSV-1,a@example.org,,,,', 'CSV-2,b@example.org,,,1999-99-99,', 'CSV-3,c@example.org,,,,'];
  const text = ['clientUserId,clientUserEmail,firstName,lastName,dateOfBirth,suggestedSources', ...rows].join('\r\n');
  const file = path.join(folder, 'applicants.csv');
  writeFileSync(file, text);
  const fromFile = await starter(['--file', file]);
  expect(fromFile).toMatchObject({ status: 1, stdout: '' });
  expect(fromFile.stderr).toMatch('applicants.csv, line 3, dateOfBirth: expected a date');
  expect(fromFile.stderr).toMatch('3 rows: 2 started, 1 invalid');
  const piped = await starter(['--file', '-'], { stdin: text });
  expect(piped.stderr).toMatch('3 rows: 2 running, 1 invalid');
});

test('wrong usage and configuration end with status 2 before anything is asked of anybody', async () => {
  expect(await starter(['--file', 'nowhere.csv'])).toMatchObject({ status: 2, stdout: '' });
  expect(await starter(['--client-user-id', 'max@example.org', '--email', 'max@example.org'])).toMatchObject({
    status: 2,
  });
  const { status, stderr } = await starter(ONE, { env: { POLL_INVITED: 'often', WEBHOOK_PORTT: '1' } });
  expect(status).toBe(2);
  expect(stderr).toMatch(/POLL_INVITED: expected .*; came "often"\n +WEBHOOK_PORTT: expected .*WEBHOOK_PORT/);
});
