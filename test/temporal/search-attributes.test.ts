import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Connection, type ConnectionLike } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { ensureSearchAttributes, SearchAttributesUnusable } from '../../src/temporal/search-attributes';
import { startTemporalServer, type TemporalServer } from '../support/temporal-server';

const KEYWORD = temporal.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD;
const DATETIME = temporal.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_DATETIME;
const ALL = { ApplicantStage: KEYWORD, ApplicantStageSince: DATETIME, ApplicantOutcome: KEYWORD, HumanId: KEYWORD };

let server: TemporalServer;
let connection: Connection;
beforeAll(async () => {
  server = await startTemporalServer();
  connection = await Connection.connect({ address: server.address });
});
afterAll(async () => {
  await connection?.close();
  await server?.stop();
});

let namespaces = 0;

/** Each test has a namespace of its own, with the search attributes that `flags` register. */
async function setup(...flags: readonly string[]) {
  const namespace = `test-${++namespaces}`;
  await temporalCli('operator', 'namespace', 'create', '--namespace', namespace);
  if (flags.length > 0) {
    await temporalCli('operator', 'search-attribute', 'create', '--namespace', namespace, ...flags);
  }
  const said: string[] = [];
  const log = { info: (_: object, text: string) => void said.push(text) };
  return {
    namespace,
    said,
    ensure: (through: Services = connection) => ensureSearchAttributes(through, namespace, { log }),
  };
}
const keyword = (name: string) => ['--name', name, '--type', 'Keyword'];
type Services = Parameters<typeof ensureSearchAttributes>[0];

async function temporalCli(...args: readonly string[]): Promise<void> {
  await promisify(execFile)(process.env['TEMPORAL_CLI_PATH'] ?? '', [...args, '--address', server.address]);
}

async function registered(namespace: string) {
  return (await connection.operatorService.listSearchAttributes({ namespace })).customAttributes;
}

/** A connection on which some calls fail with a gRPC status, and calls are counted. */
function failing(code: number, methods: readonly string[]): { through: Services; calls: string[] } {
  const calls: string[] = [];
  const service = (real: object) =>
    new Proxy(real, {
      get(target, name: string) {
        return (request: object) => {
          calls.push(name);
          const refusal = Object.assign(new Error('refused'), { code, details: 'refused', metadata: {} });
          if (methods.includes(name)) return Promise.reject(refusal);
          return Reflect.get(target, name).call(target, request);
        };
      },
    });
  const through = {
    operatorService: service(connection.operatorService) as ConnectionLike['operatorService'],
    workflowService: service(connection.workflowService) as ConnectionLike['workflowService'],
  };
  return { through, calls };
}

test('what is missing is registered and can be used at once', async () => {
  const { namespace, said, ensure } = await setup(...keyword('HumanId'));
  await ensure();
  expect(await registered(namespace)).toMatchObject(ALL);
  const query = 'ApplicantStage = "invited" AND ApplicantStageSince > "2026-01-01T00:00:00Z" AND HumanId = "a"';
  await expect(connection.workflowService.countWorkflowExecutions({ namespace, query })).resolves.toBeDefined();
  expect(said).toHaveLength(1);
});

test('where all are there already, one call is all it takes', async () => {
  const { ensure, said } = await setup();
  await ensure();
  const { through, calls } = failing(0, []);
  await ensure(through);
  expect(calls).toEqual(['listSearchAttributes']);
  expect(said).toHaveLength(1);
});

test('several processes that register at once do not disturb one another', async () => {
  const { namespace, ensure } = await setup();
  await Promise.all([ensure(), ensure(), ensure(), ensure()]);
  expect(await registered(namespace)).toMatchObject(ALL);
});

test('another type is an error that says what to do', async () => {
  const { ensure } = await setup('--name', 'ApplicantStage', '--type', 'Text');
  await expect(ensure()).rejects.toThrow(/ApplicantStage to be of type Keyword .*search-attribute remove .*create/);
  await expect(ensure()).rejects.toBeInstanceOf(SearchAttributesUnusable);
});

test.each([
  ['Keyword', 10, 'ApplicantStage', 3],
  ['Datetime', 3, 'ApplicantStageSince', 1],
])(
  'a namespace with no free %s search attribute is an error that names what is taken and what helps',
  async (type, slots, name, needed) => {
    const taken = Array.from({ length: slots }, (_, index) => `Other${index}`);
    const own = type === 'Keyword' ? [] : keyword('ApplicantStage');
    const { namespace, ensure } = await setup(...own, ...taken.flatMap((each) => ['--name', each, '--type', type]));
    const error = await ensure().catch((thrown: Error) => thrown);
    expect(error).toBeInstanceOf(SearchAttributesUnusable);
    const { message } = error as Error;
    expect(message).toContain(`the search attribute ${name} of type ${type} in the namespace "${namespace}"`);
    expect(message).toContain(`all ${slots} of that type are taken, by ${taken.join(', ')};`);
    expect(message).toContain(`remove ${needed} that no one uses`);
    // The commands are true: with as many removed as are needed, running the second makes the next try succeed.
    const [, removal = '', creation = ''] = /temporal (operator .* NAME), then temporal (.*)$/.exec(message) ?? [];
    for (const each of taken.slice(0, needed)) await temporalCli(...removal.replace('NAME', each).split(' '), '--yes');
    await temporalCli(...creation.split(' '));
    await ensure();
    expect(await registered(namespace)).toMatchObject(ALL);
  },
);

test.each([7, 12, 16])('where registering is refused (gRPC %i), it stops with the command that helps', async (code) => {
  const { namespace, ensure } = await setup(...keyword('HumanId'));
  const { through } = failing(code, ['addSearchAttributes']);
  const error = await ensure(through).catch((thrown: Error) => thrown);
  expect(error).toBeInstanceOf(SearchAttributesUnusable);
  const [, command = ''] = /has to run: temporal (.*)$/.exec((error as Error).message) ?? [];
  // The command is true: running it makes the next try succeed.
  await temporalCli(...command.split(' '));
  await ensure(through);
  expect(await registered(namespace)).toMatchObject(ALL);
});

test('where not even a list may be had, as in Temporal Cloud, what is there already is found usable', async () => {
  const { ensure } = await setup(...keyword('ApplicantStage'), ...keyword('HumanId'));
  const { through } = failing(7, ['listSearchAttributes', 'addSearchAttributes']);
  await expect(ensure(through)).rejects.toThrow(/search attributes ApplicantStageSince, ApplicantOutcome in/);
  await ensure();
  await expect(ensure(through)).resolves.toBeUndefined();
});

test('an unreachable server is not mistaken for a missing attribute', async () => {
  const { ensure } = await setup();
  const { through } = failing(14, ['listSearchAttributes']);
  await expect(ensure(through)).rejects.toMatchObject({ code: 14 });
});
