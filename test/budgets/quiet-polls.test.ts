import { applicantWorkflowId } from '../../src/workflows/contract';
import { until } from '../support/condition';
import { Installation } from '../support/installation';
import { BUILD_TIMEOUT_MS, ensureBuilt, killLeftOvers } from '../support/processes';
import { startTemporalServer, type TemporalServer } from '../support/temporal-server';

const QUIET_READS = 20;
const READS_TIMEOUT_MS = 90_000;
const TEST_TIMEOUT_MS = 120_000;

let server: TemporalServer;
let installation: Installation;

beforeAll(ensureBuilt, BUILD_TIMEOUT_MS);

beforeAll(async () => {
  server = await startTemporalServer();
  installation = await Installation.start({
    temporalAddress: server.address,
    taskQueue: 'quiet',
    speed: 1,
    notices: 'lost',
    policy: { POLL_INVITED: '1s' },
  });
  await installation.startWorker();
}, TEST_TIMEOUT_MS);

afterAll(async () => {
  await installation?.remove();
  await killLeftOvers();
  await server?.stop();
}, TEST_TIMEOUT_MS);

test(
  `${QUIET_READS} polls that find nothing add no event to the history`,
  async () => {
    await installation.enrol([{ clientUserId: 'POL-1', as: 'silent' }]);
    const reads = () => installation.proxy.calls.filter((call) => /^GET \/admin\/api\/v1\/users\/./.test(call)).length;
    const events = async () => {
      const applicant = installation.client.workflow.getHandle(applicantWorkflowId('POL-1'));
      return (await applicant.fetchHistory()).events?.length;
    };
    await until('a first read', READS_TIMEOUT_MS, () => reads() > 0);
    const [eventsBefore, readsBefore] = [await events(), reads()];
    await until(`${QUIET_READS} more reads`, READS_TIMEOUT_MS, () => reads() >= readsBefore + QUIET_READS);
    expect(await events()).toBe(eventsBefore);
  },
  TEST_TIMEOUT_MS,
);
