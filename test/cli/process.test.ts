import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { NO_ENCRYPTION } from '../../src/domain/encryption';
import { parseCheckpoints, verifyAudit } from '../../src/observability/audit-verify';
import { openMailboxQuarantine } from '../../src/quarantine/quarantine';
import { createFolderStore } from '../../src/report-store/folder/store';
import { serializeNotices } from '../../src/upstream/notices';
import { until } from '../support/condition';
import { useFolders } from '../support/folders';
import { putMailboxRecord } from '../support/mailbox-record';
import { runProcess, startProcess, UPSTREAM_NOWHERE, useBuild } from '../support/processes';
import { freePort, useTemporalServer } from '../support/temporal-server';
import { signedHeaders } from '../webhook/signed';
import { statusNotification } from '../webhook/webhook-fixture';
import { REPORT } from './commands/fixture';

const HEADER = 'clientUserId,clientUserEmail,firstName,lastName,dateOfBirth,suggestedSources';
const ONE = ['--client-user-id', 'POL-1', '--email', 'max@example.org'];

useBuild();
/** A new server has no search attributes. */
const temporal = useTemporalServer({ searchAttributes: {} });
const newFolder = useFolders();
let folder: string;
beforeAll(async () => {
  folder = await newFolder();
});

async function starter(args: readonly string[], env: Record<string, string> = {}, input = '') {
  const settings = { TEMPORAL_ADDRESS: temporal().address, ...env };
  const { status, lines, stderr, output } = await runProcess('starter', folder, settings, args, input);
  return { status, lines, stderr, output };
}

/** Writes a file of applicants in the test's folder, and returns its name. */
function csvFile(name: string, rows: readonly string[]): string {
  writeFileSync(join(folder, name), [HEADER, ...rows, ''].join('\r\n'));
  return name;
}

function auditLines(auditFolder: string): Record<string, unknown>[] {
  const path = join(folder, auditFolder);
  const lines = readdirSync(path).flatMap((file) => readFileSync(join(path, file), 'utf8').trim().split('\n'));
  return lines.map((line) => JSON.parse(line));
}

describe('the starter', () => {
  test('registers its search attributes on a new server, starts an applicant, and finds it again', async () => {
    const results = await Promise.all([starter([...ONE, '--json']), starter([...ONE, '--json'])]);
    expect(results.map(({ status }) => status)).toEqual([0, 0]);
    const printed = results.flatMap(({ lines }) => lines.map((line) => JSON.parse(line)));
    expect(printed.map(({ result }) => result).sort()).toEqual(['running', 'started']);
    // Two processes write to one folder, each a complete chain.
    const { chains } = await verifyAudit(join(folder, '.data/audit'));
    expect(chains).toMatchObject([
      { end: 'closed', broken: null },
      { end: 'closed', broken: null },
    ]);
    // Each prints its checkpoint once, on stderr.
    const heads = results.flatMap(({ stderr }) => parseCheckpoints(stderr));
    expect(heads).toHaveLength(2);
    expect(await verifyAudit(join(folder, '.data/audit'), heads)).toMatchObject({
      matchedCheckpoints: 2,
      mismatches: [],
    });
    const acts = auditLines('.data/audit').map(({ did }) => String(did));
    expect(acts.sort()).toEqual(['configure', 'configure', 'not-started', 'start', 'start', 'stop', 'stop']);
    const other = await starter(['--client-user-id', 'POL-1', '--email', 'eve@example.org', '--json']);
    expect(other.status).toBe(1);
    expect(JSON.parse(other.lines[0] ?? '')).toMatchObject({ clientUserId: 'POL-1', result: 'conflict' });
    expect(other.output).not.toMatch(/max@|eve@/);
  });

  test('starts no applicant without an audit log, records none in a dry run, and a reference for each of a file', async () => {
    const file = csvFile('two.csv', ['REF-1,a@example.org,,,,', 'REF-2,b@example.org,,,,']);
    writeFileSync(join(folder, 'no-folder'), '');
    const [unwritable, dryRun] = await Promise.all([
      starter(['--file', file, '--json'], { AUDIT_LOG: 'no-folder' }),
      starter(['--file', file, '--dry-run'], { AUDIT_LOG: 'dry' }),
    ]);
    expect(unwritable).toMatchObject({ status: 3, lines: [] });
    expect(unwritable.stderr).toMatch(/\((EEXIST|ENOTDIR)\)/);
    expect(dryRun.status).toBe(0);
    expect(existsSync(join(folder, 'dry'))).toBe(false);
    const args = ['--file', file, '--json', '--authorization-reference', 'BATCH-7'];
    const { status, output } = await starter(args, { AUDIT_LOG: 'referred' });
    expect([status, output.match(/"started"/g)?.length]).toEqual([0, 2]);
    const starts = auditLines('referred').filter(({ did }) => did === 'start');
    expect(
      starts.map(({ who, clientUserId, authorizationReference }) => [who, clientUserId, authorizationReference]).sort(),
    ).toEqual([
      [expect.stringMatching(/^cli:/), 'REF-1', 'BATCH-7'],
      [expect.stringMatching(/^cli:/), 'REF-2', 'BATCH-7'],
    ]);
  });

  test('starts the same rows from a file and from standard input, and names an invalid row by its line', async () => {
    const rows = ['CSV-1,a@example.org,,,,', 'CSV-2,b@example.org,,,1999-99-99,', 'CSV-3,c@example.org,,,,'];
    const file = csvFile('applicants.csv', rows);
    const fromFile = await starter(['--file', file]);
    expect(fromFile).toMatchObject({ status: 1, lines: [] });
    expect(fromFile.stderr).toMatch('applicants.csv, line 3, dateOfBirth: expected a date');
    expect(fromFile.stderr).toMatch('3 rows: 2 started, 1 invalid');
    const piped = await starter(['--file', '-'], {}, readFileSync(join(folder, file), 'utf8'));
    expect(piped.stderr).toMatch('3 rows: 2 running, 1 invalid');
  });

  test('starts all applicants and keeps its exit status when stdout and stderr are closed early (EPIPE)', async () => {
    const rows = Array.from({ length: 40 }, (_, n) => [`BAD-${n},not an address,,,,`, `PIPE-${n},a@b.example,,,,`]);
    csvFile('many.csv', rows.flat());
    const entry = join(__dirname, '../../dist/src/starter.js');
    const command = `{ "${process.execPath}" "${entry}" --file many.csv --json; echo $? >status; } 2>&1 | head -1`;
    const env = {
      PATH: process.env['PATH'],
      ...UPSTREAM_NOWHERE,
      TEMPORAL_ADDRESS: temporal().address,
      AUDIT_LOG: 'pipe',
    };
    const { stdout } = await promisify(execFile)('sh', ['-c', command], { cwd: folder, env });
    expect(stdout.trim().split('\n')).toHaveLength(1);
    expect(readFileSync(join(folder, 'status'), 'utf8')).toBe('1\n');
    expect(auditLines('pipe').filter(({ did }) => did === 'start')).toHaveLength(40);
  });

  test('ends with 2 on wrong usage and configuration, and prints no personal data in any failure', async () => {
    const person = ['zephyrina@quorwhistle.example', 'Zephyrina Ann', '1971-03-09', 'Marzipan Infirmary'] as const;
    const [email, name, dateOfBirth, source] = person;
    const args = ['--client-user-id', 'SAFE-1', '--email', email, '--first-name', name];
    args.push('--date-of-birth', dateOfBirth, '--suggested-source', source, '--json');
    writeFileSync(join(folder, 'a-file'), '');
    const [unwritable, faults, noFile, withoutKeys] = await Promise.all([
      starter(args, { AUDIT_LOG: 'a-file/audit' }),
      starter(args, { POLL_INVITED: 'often', WEBHOOK_PORTT: '1' }),
      starter(['--file', 'nowhere.csv']),
      starter(args, { HUMAN_API_DATA_URL: 'https://api.humanapi.co' }),
    ]);
    expect([unwritable, faults, noFile, withoutKeys].map(({ status }) => status)).toEqual([3, 2, 2, 2]);
    expect(faults.stderr).toMatch(/POLL_INVITED: expected .*; got "often"\n +WEBHOOK_PORTT: expected .*WEBHOOK_PORT/);
    expect(withoutKeys.stderr).toContain('PAYLOAD_KEYS: expected');
    for (const { lines, stderr } of [unwritable, faults, noFile, withoutKeys]) {
      expect(lines).toEqual([]);
      expect(stderr).not.toBe('');
      expect(person.filter((text) => stderr.includes(text))).toEqual([]);
    }
  });
});

describe('the operator command', () => {
  const env = () => ({
    TEMPORAL_ADDRESS: temporal().address,
    TASK_QUEUE: 'operator',
    LOG_LEVEL: 'error',
    WEBHOOK_SPOOL: join(folder, 'spool'),
    REPORT_STORE: join(folder, 'reports'),
  });

  async function chartway(...args: string[]) {
    const { status, lines } = await runProcess('chartway', folder, env(), [...args, '--json']);
    return { status, printed: lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
  }

  /** Returns the number of signals in the newest run of a workflow. */
  async function signalsOf(workflowId: string): Promise<number> {
    const { events = [] } = await temporal().client.workflow.getHandle(workflowId).fetchHistory();
    return (events ?? []).filter((event) => event.workflowExecutionSignaledEventAttributes).length;
  }

  test('replays a notice that the webhook quarantined because its signature was missing', async () => {
    // Without a worker the signals stay in the history.
    await temporal().client.workflow.start('collectRecords', {
      taskQueue: 'no-worker',
      workflowId: 'applicant-POL-20417',
    });
    const webhook = await startProcess('webhook', folder, {
      ...env(),
      WEBHOOK_PORT: '0',
      WEBHOOK_SECRET: 'hush-hush-hush-hush',
      WEBHOOK_SIGNATURE: 'verify',
      HUMAN_API_CLIENT_SECRET: 'new',
      WEBHOOK_SIGNATURE_SECRETS: 'client-secret',
    });
    const post = async (notice: object, isSigned: boolean) => {
      const body = JSON.stringify(notice);
      const headers = isSigned ? signedHeaders(body) : {};
      const url = `${webhook.addresses[0]}/notifications/hush-hush-hush-hush`;
      const answer = await fetch(url, { method: 'POST', body, headers });
      return [answer.status, await answer.json()];
    };
    expect(await post(statusNotification({ value: 'Engaged' }), true)).toEqual([200, { accepted: 1, ignored: 0 }]);
    expect(await post(statusNotification({ value: 'Declined' }), false)).toEqual([200, { accepted: 0, ignored: 1 }]);
    // If Temporal does not answer within 2 s, the webhook spools the notice and delivers it later.
    await until('the signal', async () => (await signalsOf('applicant-POL-20417')) === 1);

    const listed = await chartway('quarantine', 'list');
    expect(listed).toMatchObject({
      status: 0,
      printed: [{ why: 'signature', kind: 'status', clientUserId: 'POL-20417', detail: 'missing' }],
    });
    const [{ id } = {}] = listed.printed;
    const shown = await chartway('quarantine', 'show', String(id));
    expect(shown.printed).toMatchObject([{ notices: [{ status: 'Declined' }] }]);
    expect(await chartway('quarantine', 'replay', '--all')).toMatchObject({
      status: 0,
      printed: [{ id, result: 'replayed', taken: 1, by: { applicant: 1 } }],
    });
    expect(await signalsOf('applicant-POL-20417')).toBe(2);
    expect((await chartway('quarantine', 'list')).printed).toEqual([]);
    expect(await webhook.stop()).toBe(0);
  });

  test('opens a mailbox again for a replayed notice that its first run had', async () => {
    const store = createFolderStore(join(folder, 'reports'));
    await store.init();
    const quarantine = openMailboxQuarantine(store.shelf, NO_ENCRYPTION);
    const content = serializeNotices([REPORT]);
    const mailbox = temporal().client.workflow.getHandle('notices-h-2');
    const replay = async (key: string) => {
      await putMailboxRecord(store.shelf, { key, atMs: 1_000, humanId: 'h-2', notices: 1, content });
      expect(await chartway('quarantine', 'replay', '--all', '--why', 'nobody')).toMatchObject({ status: 0 });
      return mailbox.describe();
    };

    const first = await replay('run 1');
    await mailbox.terminate();
    const second = await replay('run 2');
    expect(second.runId).not.toBe(first.runId);
    expect(second.status.name).toBe('RUNNING');
    expect(await signalsOf('notices-h-2')).toBe(1);
    expect(await quarantine.list()).toEqual([]);
  });

  test('ends with 3 without Temporal or without an audit log, 2 after wrong usage and configuration, 0 after help', async () => {
    const run = (args: readonly string[], settings: object) =>
      runProcess('chartway', folder, { ...env(), ...settings }, args);
    const address = `127.0.0.1:${await freePort()}`;
    writeFileSync(join(folder, 'not-a-folder'), '');
    const [unreachable, unaudited, fault, help] = await Promise.all([
      run(['cancel', 'POL-1'], { TEMPORAL_ADDRESS: address }),
      run(['hold', 'POL-1', '--reason-code', 'c'], { AUDIT_LOG: 'not-a-folder/audit' }),
      run(['quarantine', 'list'], { POLL_INVITED: 'often' }),
      run(['quarantine', '--help'], { POLL_INVITED: 'often' }),
    ]);
    expect([unreachable, unaudited, fault, help].map(({ status }) => status)).toEqual([3, 3, 2, 0]);
    expect(unaudited.stderr).toMatch(/^the audit log cannot be written.*\(ENOTDIR\)/);
    expect(unreachable.stderr).toContain(address);
    expect(help.lines.join('\n')).toMatch(/list[\s\S]*show[\s\S]*replay[\s\S]*drop/);
  });
});

/** On Linux, not even root can create a file in /proc. */
const UNUSABLE = process.platform === 'linux' ? (['/proc/nope', 'ENOENT'] as const) : (['a-file', 'ENOTDIR'] as const);

test.each([
  ['webhook', 'WEBHOOK_SPOOL', 'a-file/spool', 'ENOTDIR'],
  ['webhook', 'WEBHOOK_SPOOL', ...UNUSABLE],
  ['api', 'AUDIT_LOG', ...UNUSABLE],
] as const)(
  'a %s whose %s is %s prints the setting and ends with 2, before it listens',
  async (name, key, path, code) => {
    writeFileSync(join(folder, 'a-file'), '');
    const env = { WEBHOOK_PORT: '0', WEBHOOK_SECRET: 'a-secret-with-a-comma,in-the-middle-of-it', [key]: path };
    const { status, lines, stderr } = await runProcess(name, folder, env, []);
    expect({ status, lines }).toEqual({ status: 2, lines: [] });
    expect(stderr).toMatch(new RegExp(`${key}: expected a .*folder.* got ".*" \\(${code}\\)`));
    // A comma separates two secrets. The log has their number, and not the secrets.
    if (name === 'webhook') expect(stderr).toMatch(/"secrets":2,/);
    expect(stderr).not.toMatch(/with-a-comma|in-the-middle/);
  },
);
