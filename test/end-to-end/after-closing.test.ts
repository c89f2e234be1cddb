import { applicantWorkflowId, type SweepResult } from '../../src/workflows/contract';
import { until } from '../support/condition';
import { Installation } from '../support/installation';
import { BUILD_TIMEOUT_MS, ensureBuilt, killLeftOvers } from '../support/processes';
import { readStored } from '../support/stored';
import { startTemporalServer, type TemporalServer } from '../support/temporal-server';

/** The newer version comes after half a day, which is 14 s here; the applicant closes after about 3 s on an idle machine. */
const SPEED = 3_000;
const TEST_TIMEOUT_MS = 180_000;
jest.setTimeout(TEST_TIMEOUT_MS);

let server: TemporalServer;
let installation: Installation;

beforeAll(ensureBuilt, BUILD_TIMEOUT_MS);
beforeAll(async () => {
  server = await startTemporalServer();
  installation = await Installation.start({
    temporalAddress: server.address,
    taskQueue: 'after-closing',
    speed: SPEED,
    notices: 'sent',
    // A refresh without checks ends after its last notice.
    policy: { SETTLE_ALL_SYNCED: '1s', REFRESH_CHECK_AFTER: 'off' },
  });
  await installation.startWorker();
}, TEST_TIMEOUT_MS);

afterAll(async () => {
  await installation?.remove();
  await killLeftOvers();
  await server?.stop();
});

test('a newer version that comes after the closing is stored, and the outcome stays', async () => {
  const { reports, upstream } = installation;
  await installation.startSamples([{ clientUserId: 'POL-updates', as: 'updates' }]);
  expect(await installation.waitForEnd('POL-updates')).toMatchObject({ outcome: 'collected', documents: 3 });
  const closed = await readStored(reports, 'POL-updates');
  await until('the refresh', async () => {
    return (await readStored(reports, 'POL-updates')).manifest.refreshedAt !== null;
  });
  // Read again: the list of the folder may be older than the manifest.
  const { manifest, files } = await readStored(reports, 'POL-updates');
  expect(manifest).toMatchObject({ outcome: 'collected', reason: null, closedAt: closed.manifest.closedAt });
  expect([...files.keys()].sort()).toEqual(manifest.documents.map(({ file }) => file).sort());
  expect(manifest.documents.filter(({ superseded }) => superseded)).toHaveLength(2);
  for (const { file, reportId, format } of manifest.documents.filter(({ superseded }) => !superseded)) {
    expect(files.get(file)).toEqual(await upstream.document('POL-updates', reportId, format));
  }
});

test('the sweep finds a terminated applicant, the command withdraws it, and no one invites it again', async () => {
  const { client, upstream, reports } = installation;
  await installation.startSamples([{ clientUserId: 'POL-forced', as: 'silent' }]);
  await until('the invitation', async () => (await upstream.people('POL-forced')).length === 1);
  await client.workflow.getHandle(applicantWorkflowId('POL-forced')).terminate('by mistake');

  const sweep = await until('visibility', async () => {
    const { status, lines, stderr: said } = await installation.runCommand('sweep', '--json');
    expect({ status, said }).toMatchObject({ status: 0 });
    const result = JSON.parse(lines[0] ?? '') as SweepResult;
    return result.counts.terminated > 0 ? result : null;
  });
  expect(sweep.first.terminated).toEqual(['POL-forced']);

  const withdrawn = await installation.runCommand('withdraw', 'POL-forced', '--json');
  expect({ status: withdrawn.status, said: withdrawn.stderr }).toMatchObject({ status: 0 });
  expect(JSON.parse(withdrawn.lines[0] ?? '')).toMatchObject({ result: 'withdrawn', people: 1, recorded: true });
  expect(await upstream.people('POL-forced')).toEqual([expect.objectContaining({ deleted: true })]);
  expect((await readStored(reports, 'POL-forced')).manifest).toMatchObject({
    outcome: 'cancelled',
    reason: 'operator',
  });

  const again = await installation.runCommand('sweep');
  expect(again.lines.join('\n')).not.toContain('POL-forced');
  expect(await installation.startApplicants([{ clientUserId: 'POL-forced', as: 'silent' }])).toEqual(['closed']);
  expect(await upstream.people('POL-forced')).toHaveLength(1);
});
