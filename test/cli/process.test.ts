import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseCheckpoints, verifyAudit } from '../../src/observability/audit-verify';
import { ensureBuilt, UPSTREAM_NOWHERE } from '../support/processes';
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
  const env = { PATH: process.env['PATH'], ...UPSTREAM_NOWHERE, TEMPORAL_ADDRESS: server.address, ...options.env };
  return new Promise<{ status: unknown; stdout: string; stderr: string }>((resolve) => {
    const child = execFile(process.execPath, [entry, ...args], { cwd: folder, env }, (error, stdout, stderr) =>
      resolve({ status: error?.code ?? 0, stdout, stderr }),
    );
    child.stdin?.end(options.stdin ?? '');
  });
}

/** The lines of an audit log, whatever the file. */
function audited(audit = path.join(folder, '.data/audit')): Record<string, unknown>[] {
  const lines = readdirSync(audit).flatMap((file) => readFileSync(path.join(audit, file), 'utf8').trim().split('\n'));
  return lines.map((line) => JSON.parse(line));
}

const ONE = ['--client-user-id', 'POL-1', '--email', 'max@example.org'];

test('on a server that never heard of us it registers what it needs, starts, and finds the applicant again', async () => {
  const [first, second] = await Promise.all([starter([...ONE, '--json']), starter([...ONE, '--json'])]);
  expect([first.status, second.status]).toEqual([0, 0]);
  const results = [first, second].map(({ stdout }) => JSON.parse(stdout).result);
  expect(results.sort()).toEqual(['running', 'started']);
  // Two processes, one folder: a whole chain each, with what it began with, the applicant, and the end.
  const { chains } = await verifyAudit(path.join(folder, '.data/audit'));
  expect(chains).toMatchObject([
    { end: 'closed', broken: null },
    { end: 'closed', broken: null },
  ]);
  // Each told its checkpoint once, apart from what `--json` promises.
  const heads = [first, second].flatMap(({ stderr }) => parseCheckpoints(stderr));
  expect(heads).toHaveLength(2);
  expect(await verifyAudit(path.join(folder, '.data/audit'), heads)).toMatchObject({ borneOut: 2, missing: [] });
  const acts = audited().map(({ did }) => String(did));
  expect(acts.sort()).toEqual(['configure', 'configure', 'not-started', 'start', 'start', 'stop', 'stop']);
  const other = await starter(['--client-user-id', 'POL-1', '--email', 'eve@example.org', '--json']);
  expect(other.status).toBe(1);
  expect(JSON.parse(other.stdout)).toMatchObject({ clientUserId: 'POL-1', result: 'conflict', stage: 'inviting' });
  expect(other.stdout + other.stderr).not.toMatch(/max@|eve@/);
});

test('nobody is started who cannot be recorded, a dry run records nobody, and a reference stands beside each of a file', async () => {
  const file = path.join(folder, 'two.csv');
  const header = 'clientUserId,clientUserEmail,firstName,lastName,dateOfBirth,suggestedSources';
  writeFileSync(file, `${header}\nREF-1,a@example.org,,,,\nREF-2,b@example.org,,,,\n`);
  writeFileSync(path.join(folder, 'no-folder'), '');
  const dry = { env: { AUDIT_LOG: path.join(folder, 'dry') } };
  const [unwritable, dryRun] = await Promise.all([
    starter(['--file', file, '--json'], { env: { AUDIT_LOG: path.join(folder, 'no-folder') } }),
    starter(['--file', file, '--dry-run'], dry),
  ]);
  expect(unwritable).toMatchObject({ status: 1, stdout: '' });
  expect(unwritable.stderr).toMatch(/^the audit log cannot be written, .* \((EEXIST|ENOTDIR)\)/);
  expect(dryRun.status).toBe(0);
  expect(existsSync(path.join(folder, 'dry'))).toBe(false);
  const given = ['--file', file, '--json', '--authorization-reference', 'BATCH-7'];
  const { status, stdout } = await starter(given, { env: { AUDIT_LOG: path.join(folder, 'referred') } });
  expect([status, stdout.match(/"started"/g)?.length]).toEqual([0, 2]);
  const starts = audited(path.join(folder, 'referred')).filter(({ did }) => did === 'start');
  expect(
    starts.map(({ who, clientUserId, authorizationReference }) => [who, clientUserId, authorizationReference]).sort(),
  ).toEqual([
    [expect.stringMatching(/^cli:/), 'REF-1', 'BATCH-7'],
    [expect.stringMatching(/^cli:/), 'REF-2', 'BATCH-7'],
  ]);
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

test.each([
  ['stdout', '2>said | head -1'],
  ['stderr', '2>&1 >lines | head -1'],
])(
  'where %s is closed early (EPIPE) everyone is started all the same, quietly, with the usual status',
  async (closed, redirection) => {
    const rows = Array.from(
      { length: 40 },
      (_, index) => `PIPE-${closed}-${index},not an address,,,,\nPIPE-${index},a@b.example,,,,`,
    );
    const header = 'clientUserId,clientUserEmail,firstName,lastName,dateOfBirth,suggestedSources';
    writeFileSync(path.join(folder, 'many.csv'), [header, ...rows].join('\n'));
    const entry = path.join(__dirname, '../../dist/src/starter.js');
    const command = `{ "${process.execPath}" "${entry}" --file many.csv --json; echo $? >status; } ${redirection}`;
    const env = {
      PATH: process.env['PATH'],
      ...UPSTREAM_NOWHERE,
      TEMPORAL_ADDRESS: server.address,
      AUDIT_LOG: `pipe-${closed}`,
    };
    const printed = await new Promise<string>((resolve) => {
      execFile('sh', ['-c', command], { cwd: folder, env }, (_, stdout) => resolve(stdout));
    });
    expect(printed.trim().split('\n')).toHaveLength(1);
    expect(readFileSync(path.join(folder, 'status'), 'utf8')).toBe('1\n');
    expect(audited(path.join(folder, `pipe-${closed}`)).filter(({ did }) => did === 'start')).toHaveLength(40);
    if (closed === 'stdout') expect(readFileSync(path.join(folder, 'said'), 'utf8')).not.toMatch(/EPIPE|fatal/);
    else
      expect(readFileSync(path.join(folder, 'lines'), 'utf8').match(/"result":"(started|running)"/g)).toHaveLength(40);
  },
  60_000,
);

test('whatever goes wrong, nothing of a person is in what is printed', async () => {
  const person = ['zephyrina@quorwhistle.example', 'Zephyrina Ann', '1971-03-09', 'Marzipan Infirmary'];
  const [email = '', name = '', born = '', source = ''] = person;
  const one = ['--client-user-id', 'SAFE-1', '--email', email, '--first-name', name];
  const all = [...one, '--date-of-birth', born, '--suggested-source', source, '--json'];
  writeFileSync(path.join(folder, 'a-file'), '');
  const ended = await Promise.all([
    starter(all, { env: { AUDIT_LOG: path.join(folder, 'a-file/audit') } }),
    starter(all, { env: { POLL_INVITED: 'often' } }),
    starter([...all, `--${email}`]),
    starter(['--client-user-id', email, '--email', email]),
    starter([...all, '--authorization-reference', name]),
  ]);
  expect(ended.map(({ status }) => status)).toEqual([1, 2, 2, 2, 2]);
  for (const { stdout, stderr } of ended) {
    expect(stderr).not.toBe('');
    expect(person.filter((told) => (stdout + stderr).includes(told))).toEqual([]);
  }
}, 60_000);

test('wrong usage and configuration end with status 2 before anything is asked of anybody', async () => {
  expect(await starter(['--file', 'nowhere.csv'])).toMatchObject({ status: 2, stdout: '' });
  const forReal = await starter(ONE, { env: { HUMAN_API_DATA_URL: 'https://api.humanapi.co' } });
  expect(forReal).toMatchObject({ status: 2, stdout: '', stderr: expect.stringContaining('PAYLOAD_KEYS: expected') });
  expect(await starter(['--client-user-id', 'max@example.org', '--email', 'max@example.org'])).toMatchObject({
    status: 2,
  });
  const { status, stderr } = await starter(ONE, { env: { POLL_INVITED: 'often', WEBHOOK_PORTT: '1' } });
  expect(status).toBe(2);
  expect(stderr).toMatch(/POLL_INVITED: expected .*; came "often"\n +WEBHOOK_PORTT: expected .*WEBHOOK_PORT/);
});
