import { Client, Connection } from '@temporalio/client';
import { DEFAULT_POLICY } from '../../src/domain/policy';
import { createApplicants } from '../../src/temporal/applicants';
import { listApplicantRuns } from '../../src/temporal/runs';
import { until } from '../support/condition';
import { startTemporalServer, type TemporalServer } from '../support/temporal-server';

let server: TemporalServer;
let client: Client;
beforeAll(async () => {
  // The outcome as a text that no word of ours can be read from.
  const searchAttributes = { ApplicantStage: 'Keyword', ApplicantStageSince: 'Datetime', ApplicantOutcome: 'Int' };
  server = await startTemporalServer({ searchAttributes });
  client = new Client({ connection: await Connection.connect({ address: server.address }) });
});
afterAll(async () => {
  await client?.connection.close();
  await server?.stop();
});

const start = (taskQueue: string, clientUserId: string) =>
  createApplicants({ client, taskQueue }).start({
    details: { clientUserId, clientUserEmail: 'max@example.org' },
    detailsDigest: 'a'.repeat(64),
    policy: DEFAULT_POLICY,
  });

test('the applicants of one task queue are listed, the open ones first, each by its newest run', async () => {
  for (const id of ['POL-1', 'POL-2']) await start('mine', id);
  await start('theirs', 'POL-3');
  await client.workflow.getHandle('applicant-POL-2').terminate();
  const listed = await until('two applicants, one of them closed', 10_000, async () => {
    const all = await listApplicantRuns(client, 'mine', 10);
    return all.length === 2 && all[1]?.standing !== 'open' ? all : null;
  });
  expect(listed).toEqual([
    expect.objectContaining({ clientUserId: 'POL-1', standing: 'open', stage: 'inviting', closedAtMs: null }),
    expect.objectContaining({ clientUserId: 'POL-2', standing: 'forced', closedAtMs: expect.any(Number) }),
  ]);
  expect(await listApplicantRuns(client, 'mine', 1)).toHaveLength(1);
});

test('a run that cannot be decoded, or that is no applicant, hides no other', async () => {
  await start('mixed', 'POL-4');
  const options = { taskQueue: 'mixed', args: [] };
  await client.workflow.start('collectRecords', {
    ...options,
    workflowId: 'applicant-POL-5',
    searchAttributes: { ApplicantStage: ['no stage of ours'], ApplicantOutcome: [7] },
  });
  await client.workflow.start('collectRecords', { ...options, workflowId: 'somebody-else' });
  const broken = { metadata: { encoding: Buffer.from('binary/unknown') }, data: Buffer.from('?') };
  const service = client.workflowService;
  const listed = await until('both applicants', 10_000, async () => {
    const all = await listApplicantRuns(client, 'mixed', 10);
    return all.length === 2 ? all : null;
  });
  expect(listed).toContainEqual(expect.objectContaining({ clientUserId: 'POL-5', stage: null, outcome: null }));
  // A server does not store what it cannot read itself, so what comes back from it is replaced here.
  const list = jest.spyOn(service, 'listWorkflowExecutions').mockResolvedValue({
    executions: ['POL-4', 'POL-6'].map((id) => ({
      execution: { workflowId: `applicant-${id}`, runId: id },
      searchAttributes: { indexedFields: id === 'POL-6' ? { ApplicantStage: broken } : {} },
    })),
  } as never);
  expect((await listApplicantRuns(client, 'mixed', 10)).map(({ clientUserId }) => clientUserId)).toEqual([
    'POL-4',
    'POL-6',
  ]);
  list.mockRestore();
});
