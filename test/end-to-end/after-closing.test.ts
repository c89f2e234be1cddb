import { applicantWorkflowId, refreshWorkflowId, type SweepResult } from '../../src/workflows/contract';
import { until } from '../support/condition';
import { Installation } from '../support/installation';
import { BUILD_TIMEOUT_MS, ensureBuilt, killLeftOvers } from '../support/processes';
import { readStored } from '../support/stored';
import { startTemporalServer, type TemporalServer } from '../support/temporal-server';

/** The half day until the newer version takes 14 s, of which the closing needs some three on an idle machine. */
const SPEED = 3_000;
const STEP_TIMEOUT_MS = 45_000;
const TEST_TIMEOUT_MS = 180_000;

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
    // Without checks a refresh ends with its last notice.
    policy: { SETTLE_ALL_SYNCED: '1s', REFRESH_CHECK_AFTER: 'off' },
  });
  await installation.startWorker();
}, TEST_TIMEOUT_MS);

afterAll(async () => {
  await installation?.remove();
  await killLeftOvers();
  await server?.stop();
}, 60_000);

test(
  'a newer version that comes after the closing lands in the folder, and the outcome stays',
  async () => {
    const { reports, upstream } = installation;
    await installation.enrol([{ clientUserId: 'POL-updates', as: 'updates' }]);
    expect(await installation.ended('POL-updates')).toMatchObject({ outcome: 'collected', documents: 3 });
    const closed = await readStored(reports, 'POL-updates');
    await until('the refresh', STEP_TIMEOUT_MS, async () => {
      return (await readStored(reports, 'POL-updates')).manifest.refreshedAt !== null;
    });
    // Read again, because the folder may have been listed before the refresh wrote the manifest.
    const { manifest, files } = await readStored(reports, 'POL-updates');
    expect(manifest).toMatchObject({ outcome: 'collected', reason: null, closedAt: closed.manifest.closedAt });
    expect([...files.keys()].sort()).toEqual(manifest.documents.map(({ file }) => file).sort());
    expect(manifest.documents.filter(({ superseded }) => superseded)).toHaveLength(2);
    for (const { file, reportId, format } of manifest.documents.filter(({ superseded }) => !superseded)) {
      expect(files.get(file)).toEqual(await upstream.document('POL-updates', reportId, format));
    }
  },
  TEST_TIMEOUT_MS,
);

test(
  'a new round while a refresh is under way: the manifest is open until it closes, and holds both',
  async () => {
    const { reports, proxy, client } = installation;
    await installation.enrol([{ clientUserId: 'POL-again', as: 'updates' }]);
    await installation.ended('POL-again');
    const before = await readStored(reports, 'POL-again');
    let held = 0;
    proxy.hold((call) => /\/raw\?format=pdf$/.test(call) && held++ === 0);
    await until('the refresh held in mid download', STEP_TIMEOUT_MS, () => proxy.heldCount === 1);
    const row = { clientUserId: 'POL-again', as: 'updates' };
    expect(await installation.intake([row], ['--again'])).toEqual(['started']);
    await until('the manifest of the new round', STEP_TIMEOUT_MS, async () => {
      return (await readStored(reports, 'POL-again')).manifest.outcome === null;
    });
    proxy.release();
    const refresh = await client.workflow.getHandle(refreshWorkflowId('POL-again')).result();
    expect(refresh).toMatchObject({ clientUserId: 'POL-again' });
    expect(await installation.ended('POL-again')).toMatchObject({ outcome: 'collected', documents: 3 });
    const { manifest, files } = await readStored(reports, 'POL-again');
    expect(manifest.outcome).toBe('collected');
    expect(manifest.closedAt).not.toBe(before.manifest.closedAt);
    expect([...files.keys()].sort()).toEqual(manifest.documents.map(({ file }) => file).sort());
    expect(manifest.documents.filter(({ superseded }) => superseded)).toHaveLength(2);
  },
  TEST_TIMEOUT_MS,
);

test(
  'an applicant that was terminated is found by the sweep, withdrawn by the command, and not invited again',
  async () => {
    const { client, upstream, reports } = installation;
    await installation.enrol([{ clientUserId: 'POL-forced', as: 'silent' }]);
    await until('the invitation', STEP_TIMEOUT_MS, async () => (await upstream.people('POL-forced')).length === 1);
    await client.workflow.getHandle(applicantWorkflowId('POL-forced')).terminate('by mistake');

    const sweep = await until('visibility', STEP_TIMEOUT_MS, async () => {
      const { status, lines, said } = await installation.operate('sweep', '--json');
      expect({ status, said }).toMatchObject({ status: 0 });
      const result = JSON.parse(lines[0] ?? '') as SweepResult;
      return result.counts.terminated > 0 ? result : null;
    });
    expect(sweep.first.terminated).toEqual(['POL-forced']);

    const withdrawn = await installation.operate('withdraw', 'POL-forced', '--json');
    expect({ status: withdrawn.status, said: withdrawn.said }).toMatchObject({ status: 0 });
    expect(JSON.parse(withdrawn.lines[0] ?? '')).toMatchObject({ result: 'withdrawn', people: 1, recorded: true });
    expect(await upstream.people('POL-forced')).toEqual([expect.objectContaining({ deleted: true })]);
    expect((await readStored(reports, 'POL-forced')).manifest).toMatchObject({
      outcome: 'cancelled',
      reason: 'operator',
    });

    const again = await installation.operate('sweep');
    expect(again.lines.join('\n')).not.toContain('POL-forced');
    expect(await installation.intake([{ clientUserId: 'POL-forced', as: 'silent' }])).toEqual(['closed']);
    expect(await upstream.people('POL-forced')).toHaveLength(1);
  },
  TEST_TIMEOUT_MS,
);
