import { mkdir, readdir, rename } from 'node:fs/promises';
import { applicantWorkflowId, stateQuery } from '../../src/workflows/contract';
import { until } from '../support/condition';
import { useInstallation } from '../support/installation';

/** Real time, so that the person does not accept the invitation during the test. */
const installation = useInstallation({ speed: 1, notices: 'by hand', policy: {}, logLevel: 'error' });

type Line = Record<string, unknown>;

/** Runs a command with --json, expects its exit status, and returns its lines. */
async function chartway(status: number, ...args: readonly string[]): Promise<Line[]> {
  const run = await installation().runCommand(...args, '--json');
  expect([args, run.stderr, run.status]).toEqual([args, run.stderr, status]);
  expect(run.stderr + run.lines.join()).not.toMatch(/zephyrina|quorwhistle|1971-\d\d-\d\d/i);
  return run.lines.map((line) => JSON.parse(line) as Line);
}

const DETAILS = [
  '--email',
  'several@quorwhistle.example',
  '--first-name',
  'Zephyrina',
  '--date-of-birth',
  '1971-03-09',
];

test('starts, shows, lists, steers and cancels an applicant, and prints its timeline and audit trail', async () => {
  const [started] = await chartway(0, 'start', 'POL-1', ...DETAILS, '--authorization-reference', 'AUTH-7');
  expect(started).toMatchObject({ clientUserId: 'POL-1', result: 'started', round: 1, open: true });
  const [running, conflict] = await Promise.all([
    chartway(0, 'start', 'POL-1', ...DETAILS),
    chartway(1, 'start', 'POL-1', '--email', 'else@quorwhistle.example'),
  ]);
  expect([running[0]?.['result'], conflict]).toEqual(['running', []]);
  const run = installation().client.workflow.getHandle(applicantWorkflowId('POL-1'));
  await until('the invitation', async () => (await run.query(stateQuery)).stage === 'invited');
  await until('the list', async () => {
    const items = await chartway(0, 'list', '--prefix', 'POL', '--stage', 'invited');
    return items.map(({ clientUserId }) => clientUserId).join() === 'POL-1';
  });

  const at = new Date(Date.now() + 40 * 86_400_000).toISOString();
  expect(await chartway(0, 'extend', 'POL-1', '--until', at)).toMatchObject([{ deadline: { at } }]);
  await Promise.all([chartway(0, 'check', 'POL-1'), chartway(1, 'retry', 'POL-1')]);
  const [cancelled] = await chartway(0, 'cancel', 'POL-1', '--reason', 'duplicate', '--wait');
  expect(cancelled).toMatchObject({ result: 'cancelled', outcome: 'cancelled', open: false });

  const [repeat, watched, timeline, documents, audit] = await Promise.all([
    chartway(0, 'cancel', 'POL-1'),
    chartway(0, 'watch', 'POL-1'),
    chartway(0, 'timeline', 'POL-1'),
    chartway(0, 'documents', 'list', 'POL-1'),
    chartway(0, 'audit', 'export', 'POL-1'),
    chartway(0, 'attention'),
    chartway(1, 'finish', 'POL-1'),
    chartway(2, 'start', 'POL-1', ...DETAILS, '--again'),
  ]);
  expect(repeat).toMatchObject([{ result: 'cancelled' }]);
  expect(watched).toMatchObject([{ outcome: 'cancelled' }]);
  const kinds = timeline.map(({ kind }) => kind);
  expect(kinds[0]).toBe('closed');
  expect(kinds).toEqual(expect.arrayContaining(['started', 'invited', 'deadline-changed', 'cancel-requested']));
  expect(documents).toEqual([]);
  const acts = audit.map(({ did }) => did);
  expect(acts).toEqual(expect.arrayContaining(['start', 'not-started', 'deadline', 'check-now', 'cancel']));

  const [closed] = await chartway(0, 'show', 'POL-1');
  const again = ['start', 'POL-1', ...DETAILS, '--again', '--if-match', String(closed?.['etag'])];
  expect(await chartway(0, ...again)).toMatchObject([{ result: 'started', round: 2 }]);
  await chartway(1, ...again);
});

test('doctor finds no fault, then the fault of a report store that is missing', async () => {
  const ok = (lines: readonly Line[]) => Object.fromEntries(lines.map((line) => [line['check'], line['ok']]));
  const all = ok(await chartway(0, 'doctor'));
  expect(all).toMatchObject({ temporal: true, worker: true, 'upstream-login': true, store: true, clock: true });
  const { reports } = installation();
  await rename(reports, `${reports}.disk`);
  await mkdir(reports);
  expect(ok(await chartway(1, 'doctor'))).toMatchObject({ store: false, temporal: true });
  expect(await readdir(reports)).toEqual([]);
  await chartway(3, 'documents', 'list', 'POL-1');
});
