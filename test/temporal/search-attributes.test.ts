import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { ConnectionLike } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { ensureSearchAttributes, SearchAttributesUnusable } from '../../src/temporal/search-attributes';
import { useTemporalServer } from '../support/temporal-server';

const {
  INDEXED_VALUE_TYPE_KEYWORD: KEYWORD,
  INDEXED_VALUE_TYPE_DATETIME: DATETIME,
  INDEXED_VALUE_TYPE_KEYWORD_LIST: KEYWORD_LIST,
  INDEXED_VALUE_TYPE_INT: INT,
} = temporal.api.enums.v1.IndexedValueType;
const ALL = {
  ApplicantStage: KEYWORD,
  ApplicantStageSince: DATETIME,
  ApplicantOutcome: KEYWORD,
  HumanId: KEYWORD,
  ApplicantOpenedAt: DATETIME,
  ApplicantDueAt: DATETIME,
  ApplicantNeeds: KEYWORD_LIST,
  ApplicantRound: INT,
};

const temporalServer = useTemporalServer();

let namespaces = 0;

/** A new namespace with the search attributes that `flags` register. */
async function setup(...flags: readonly string[]) {
  const namespace = `test-${++namespaces}`;
  await temporalCli('operator', 'namespace', 'create', '--namespace', namespace);
  if (flags.length > 0) {
    await temporalCli('operator', 'search-attribute', 'create', '--namespace', namespace, ...flags);
  }
  const logged: string[] = [];
  const log = { info: (_: object, text: string) => void logged.push(text) };
  return {
    namespace,
    logged,
    ensure: (through: Services = temporalServer().connection) => ensureSearchAttributes(through, namespace, { log }),
  };
}
const keyword = (name: string) => ['--name', name, '--type', 'Keyword'];
type Services = Parameters<typeof ensureSearchAttributes>[0];

async function temporalCli(...args: readonly string[]): Promise<void> {
  await promisify(execFile)(process.env['TEMPORAL_CLI_PATH'] ?? '', [...args, '--address', temporalServer().address]);
}

async function registered(namespace: string) {
  return (await temporalServer().connection.operatorService.listSearchAttributes({ namespace })).customAttributes;
}

/** A connection on which some calls fail with a gRPC status, and calls are counted. */
function failing(code: number, methods: readonly string[]): { through: Services; calls: string[] } {
  const { connection } = temporalServer();
  const calls: string[] = [];
  let hasDeadline = false;
  const service = (real: object) =>
    new Proxy(real, {
      get(target, name: string) {
        return (request: object) => {
          calls.push(hasDeadline ? name : `${name} without a deadline`);
          const rejection = Object.assign(new Error('rejected'), { code, details: 'rejected', metadata: {} });
          if (methods.includes(name)) return Promise.reject(rejection);
          return Reflect.get(target, name).call(target, request);
        };
      },
    });
  const through: Services = {
    withAbortSignal: connection.withAbortSignal.bind(connection),
    withDeadline: (_deadline, call) => {
      hasDeadline = true;
      return call().finally(() => {
        hasDeadline = false;
      });
    },
    operatorService: service(connection.operatorService) as ConnectionLike['operatorService'],
    workflowService: service(connection.workflowService) as ConnectionLike['workflowService'],
  };
  return { through, calls };
}

test('missing attributes are registered and usable at once', async () => {
  const { namespace, logged, ensure } = await setup(...keyword('HumanId'));
  await ensure();
  expect(await registered(namespace)).toMatchObject(ALL);
  const query =
    'ApplicantStage = "invited" AND ApplicantStageSince > "2026-01-01T00:00:00Z" AND HumanId = "a" ' +
    'AND ApplicantNeeds IN ("quiet", "attention") AND ApplicantRound = 2 AND ApplicantDueAt < "2026-01-01T00:00:00Z"';
  await expect(
    temporalServer().connection.workflowService.countWorkflowExecutions({ namespace, query }),
  ).resolves.toBeDefined();
  expect(logged).toHaveLength(1);
});

test('if none is missing, one call is made; each call has a deadline', async () => {
  const { ensure, logged } = await setup();
  const first = failing(0, []);
  await ensure(first.through);
  const names = ['listSearchAttributes', 'addSearchAttributes', 'countWorkflowExecutions'];
  expect([...new Set(first.calls)]).toEqual(names);
  const { through, calls } = failing(0, []);
  await ensure(through);
  expect(calls).toEqual(['listSearchAttributes']);
  expect(logged).toHaveLength(1);
});

test('several processes can register at once', async () => {
  const { namespace, ensure } = await setup();
  await Promise.all([ensure(), ensure(), ensure(), ensure()]);
  expect(await registered(namespace)).toMatchObject(ALL);
});

test('another type is an error with the remedy', async () => {
  const { ensure } = await setup('--name', 'ApplicantStage', '--type', 'Text');
  await expect(ensure()).rejects.toThrow(
    /another type than ApplicantStage \(Keyword\).*search-attribute remove .*create/,
  );
  await expect(ensure()).rejects.toBeInstanceOf(SearchAttributesUnusable);
});

test.each([
  ['Keyword', 10, 'ApplicantStage', 3],
  ['Datetime', 3, 'ApplicantStageSince', 3],
])(
  'a namespace without a free %s search attribute is an error that names the taken ones and the remedy',
  async (type, slots, name, needed) => {
    const taken = Array.from({ length: slots }, (_, index) => `Other${index}`);
    const own = type === 'Keyword' ? [] : keyword('ApplicantStage');
    const { namespace, ensure } = await setup(...own, ...taken.flatMap((each) => ['--name', each, '--type', type]));
    const error = await ensure().catch((thrown: Error) => thrown);
    expect(error).toBeInstanceOf(SearchAttributesUnusable);
    const { message } = error as Error;
    expect(message).toMatch(`cannot register ${name}: the namespace "${namespace}" allows no more`);
    expect(message).toMatch(`of type ${type} (taken by ${taken.join(', ')}).`);
    expect(message).toMatch(`remove ${needed} unused ones`);
    // The commands work: after the named number of removals and the second command, the next attempt succeeds.
    const [, removal = '', creation = ''] = /temporal (operator .* NAME), then temporal (.*)$/.exec(message) ?? [];
    for (const each of taken.slice(0, needed)) await temporalCli(...removal.replace('NAME', each).split(' '), '--yes');
    await temporalCli(...creation.split(' '));
    await ensure();
    expect(await registered(namespace)).toMatchObject(ALL);
  },
);

test.each([7, 12, 16])(
  'if registering is not allowed (gRPC %i), the error contains the command for it',
  async (code) => {
    const { namespace, ensure } = await setup(...keyword('HumanId'));
    const { through } = failing(code, ['addSearchAttributes']);
    const error = await ensure(through).catch((thrown: Error) => thrown);
    expect(error).toBeInstanceOf(SearchAttributesUnusable);
    const [, command = ''] = /has to run: temporal (.*)$/.exec((error as Error).message) ?? [];
    // The command works: after it, the next attempt succeeds.
    await temporalCli(...command.split(' '));
    await ensure(through);
    expect(await registered(namespace)).toMatchObject(ALL);
  },
);

test('if listing is not allowed, as in Temporal Cloud, registered attributes are found usable', async () => {
  const { ensure } = await setup(...keyword('ApplicantStage'), ...keyword('HumanId'));
  const { through } = failing(7, ['listSearchAttributes', 'addSearchAttributes']);
  const missing = Object.keys(ALL).filter((name) => name !== 'ApplicantStage' && name !== 'HumanId');
  await expect(ensure(through)).rejects.toThrow(`search attributes ${missing.join(', ')}, and`);
  await ensure();
  await expect(ensure(through)).resolves.toBeUndefined();
});

test('an unreachable server is not a missing attribute', async () => {
  const { ensure } = await setup();
  const { through } = failing(14, ['listSearchAttributes']);
  await expect(ensure(through)).rejects.toMatchObject({ code: 14 });
});
