import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Ajv from 'ajv/dist/2020';
import { type ProcessName, readConfig } from '../../src/config';
import { composeDocument, processOf, readCompose, type Service, secretsOf, serviceOf, variablesOf } from './compose';
import { lastOf, stageOf } from './dockerfile';

/** Where the operator reads the audit log of the webhook. */
const WEBHOOKS_AUDIT_LOG = '/var/lib/chartway/webhook-audit';

function setup() {
  const compose = readCompose();
  const all = Object.entries(compose.services);
  return { compose, all, ours: all.filter(([, service]) => processOf(service) !== null) };
}

/** What the file of a secret may hold. */
function textOf(target: string): string {
  return target === 'PAYLOAD_KEYS' || target === 'AUDIT_KEY'
    ? `main:${Buffer.alloc(32, 1).toString('base64')}`
    : 'a-secret-from-a-file';
}

/** With the Compose Specification's own schema; its formats (durations, ports) are judged by its patterns alone. */
function faultsOf(document: unknown): string[] {
  const schema = JSON.parse(readFileSync(join(__dirname, 'compose-spec', 'compose-spec.json'), 'utf8'));
  const validate = new Ajv({ strict: false, validateFormats: false, allErrors: true }).compile(schema);
  return validate(document)
    ? []
    : (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

function named(all: readonly (readonly [string, Service])[], fits: (service: Service) => boolean): string[] {
  return all.filter(([, service]) => fits(service)).map(([name]) => name);
}

test('the compose file keeps to the Compose Specification', () => {
  expect(faultsOf(composeDocument())).toEqual([]);
});

test('the schema would tell of a key that does not exist and of a value of the wrong kind', () => {
  const document = composeDocument() as { services: Record<string, object> };
  const broken = {
    ...document,
    services: { ...document.services, worker: { image: 'x', readonly: true, ports: 3001 } },
  };
  expect(faultsOf(broken).join()).toMatch(/worker must NOT have unevaluated/);
  expect(faultsOf(broken).join()).toMatch(/worker\/ports.*array/);
});

test('Compose 2.20 and podman-compose read it: env files are names, and nothing is tagged !reset or included', () => {
  const { all, compose } = setup();
  expect(named(all, ({ env_file = [] }) => env_file.some((file) => typeof file !== 'string'))).toEqual([]);
  expect(Object.keys(compose)).not.toContain('include');
  expect(readFileSync(join(__dirname, '..', '..', 'docker-compose.yml'), 'utf8')).not.toMatch(/!(reset|override)/);
});

test('bind mounts carry z, so that a host where SELinux enforces lets containers read them', () => {
  const { all } = setup();
  const bound = all.flatMap(([, { volumes = [] }]) => volumes.filter((volume) => volume.startsWith('.')));
  expect(bound).toHaveLength(6);
  expect(bound.filter((volume) => !volume.endsWith(':ro,z'))).toEqual([]);
});

test('every image of others is pinned by tag and digest', () => {
  const { all } = setup();
  const pinned = /^[\w/-]+:[\w.-]+@sha256:[0-9a-f]{64}$/;
  expect(named(all, (service) => processOf(service) === null && !pinned.test(service.image))).toEqual([]);
});

test('every container has a read-only root, no capability but those told, and cannot gain any', () => {
  const { all } = setup();
  expect(named(all, ({ read_only }) => read_only !== true)).toEqual(['temporal-ui']);
  expect(named(all, ({ cap_drop }) => cap_drop?.join() !== 'ALL')).toEqual([]);
  expect(named(all, (service) => 'cap_add' in service)).toEqual(['postgresql']);
  expect(named(all, ({ security_opt }) => security_opt?.join() !== 'no-new-privileges:true')).toEqual([]);
});

test('no container takes all of the memory or the processes, or leaves a core file with keys in it', () => {
  const { all, ours } = setup();
  expect(named(all, ({ mem_limit }) => !/^[12]g$/.test(mem_limit ?? ''))).toEqual([]);
  expect(named(all, ({ pids_limit }) => pids_limit === undefined)).toEqual([]);
  expect(named(all, ({ ulimits }) => ulimits?.core !== 0)).toEqual([]);
  const heapMiB = (service: Service) => Number(/=(\d+)$/.exec(variablesOf(service)['NODE_OPTIONS'] ?? '')?.[1]);
  const chartways = ours.filter(([, service]) => processOf(service) !== 'sandbox');
  expect(named(chartways, (service) => !(heapMiB(service) <= 0.7 * 1_024))).toEqual([]);
});

test('ports are published on loopback only', () => {
  const { all } = setup();
  expect(named(all, ({ ports = [] }) => ports.some((port) => !port.startsWith('127.0.0.1:')))).toEqual([]);
});

test('no secret stands in the file or in an env file beside it', () => {
  const { all } = setup();
  const secret = /(SECRET|PASSWORD|PWD|KEY|KEYS|TOKEN)$/;
  expect(named(all, (service) => Object.keys(variablesOf(service)).some((name) => secret.test(name)))).toEqual([]);
});

test('no container sees the folder of the secrets, or more secrets than it names', () => {
  const { all } = setup();
  const folders = all.flatMap(([, { volumes = [] }]) => volumes.map((volume) => volume.split(':')[0] ?? ''));
  expect(folders.filter((folder) => /^\.\/?(deploy\/?(secrets.*)?)?$/.test(folder))).toEqual([]);
  expect(secretsOf(serviceOf('webhook')).map(({ target }) => target)).toEqual(['WEBHOOK_SECRET', 'PAYLOAD_KEYS']);
});

test('every process of ours but the sandbox has keys, and a webhook has its own', () => {
  const { ours } = setup();
  for (const [, service] of ours) {
    const process = processOf(service);
    const keys = secretsOf(service).find(({ target }) => target === 'PAYLOAD_KEYS')?.source;
    const others = process === 'sandbox' ? undefined : 'PAYLOAD_KEYS';
    expect(keys).toBe(process === 'webhook' ? 'WEBHOOK_PAYLOAD_KEYS' : others);
  }
});

test('what a service names is there: its secrets, volumes, networks, and in each of its profiles what it waits for', () => {
  const { compose, all } = setup();
  for (const [, service] of all) {
    for (const { source } of secretsOf(service)) expect(Object.keys(compose.secrets)).toContain(source);
    for (const volume of service.volumes ?? [])
      if (!volume.startsWith('.')) expect(Object.keys(compose.volumes)).toContain(volume.split(':')[0]);
    for (const network of service.networks ?? []) expect(Object.keys(compose.networks)).toContain(network);
    for (const other of Object.keys(service.depends_on ?? {}))
      expect(compose.services[other]?.profiles).toEqual(expect.arrayContaining([...service.profiles]));
  }
});

test.each([
  ...['worker', 'webhook', 'api', 'starter', 'operator'],
  ...['sandbox-store', 'sandbox-worker', 'sandbox-webhook', 'sandbox-starter'],
])('the environment of %s is one that its process starts with', (name) => {
  const service = serviceOf(name);
  const secrets = Object.fromEntries(secretsOf(service).map(({ target }) => [target, textOf(target)]));
  const nowhere = join(tmpdir(), 'chartway-no-such-folder');
  const read = () => readConfig(processOf(service) as ProcessName, { ...variablesOf(service), ...secrets }, nowhere);
  expect(read).not.toThrow();
});

test('what must last is kept on volumes that the image has folders for', () => {
  const { ours } = setup();
  const folders = stageOf('chartway')
    .instructions.filter(({ name }) => name === 'RUN')
    .map(({ text }) => text)
    .join('\n');
  for (const [, service] of ours.filter(([, service]) => service.volumes !== undefined)) {
    for (const volume of service.volumes ?? []) {
      const [, folder = ''] = volume.split(':');
      const { REPORT_STORE, WEBHOOK_SPOOL, AUDIT_LOG, SANDBOX_DATA } = variablesOf(service);
      expect([REPORT_STORE, WEBHOOK_SPOOL, AUDIT_LOG, SANDBOX_DATA, WEBHOOKS_AUDIT_LOG]).toContain(folder);
      expect(folders).toContain(folder);
    }
  }
});

test('every process writes its audit log on a volume, and a webhook on one that no other process can write, without their key', () => {
  const { ours } = setup();
  for (const [name, service] of ours.filter(([, service]) => processOf(service) !== 'sandbox')) {
    const isWebhook = processOf(service) === 'webhook';
    const volume = `${name.startsWith('sandbox') ? 'sandbox-' : ''}${isWebhook ? 'webhook-' : ''}audit`;
    const audits = service.volumes?.filter((mounted) => /audit:/.test(mounted) && !mounted.endsWith(':ro'));
    expect(audits).toEqual([`${volume}:${variablesOf(service)['AUDIT_LOG']}`]);
    expect(secretsOf(service).some(({ target }) => target === 'AUDIT_KEY')).toBe(!isWebhook);
  }
  expect(serviceOf('operator').volumes).toContain(`webhook-audit:${WEBHOOKS_AUDIT_LOG}:ro`);
});

test('plain text is allowed to the Temporal server of the file only, so that one elsewhere needs TLS', () => {
  const { ours } = setup();
  for (const [, service] of ours.filter(([, service]) => processOf(service) !== 'sandbox')) {
    const { TEMPORAL_ADDRESS, TEMPORAL_PLAINTEXT } = variablesOf(service);
    expect(`${TEMPORAL_PLAINTEXT}:7233`).toBe(TEMPORAL_ADDRESS);
  }
});

test('worker, webhook and api are healthy when /readyz says so, on a port of their own in their network namespace', () => {
  const { ours } = setup();
  expect(lastOf(stageOf('chartway'), 'HEALTHCHECK')).toMatch(/CMD \["node", "\/app\/deploy\/ready\.mjs"\]$/);
  const watched = ours.filter(([, service]) => ['worker', 'webhook', 'api'].includes(processOf(service) ?? ''));
  expect(watched.map(([, { healthcheck }]) => healthcheck)).toEqual(watched.map(() => undefined));
  const ports = watched.map(
    ([name, service]) => `${service.network_mode ?? name} ${variablesOf(service)['METRICS_PORT']}`,
  );
  expect(ports).toHaveLength(new Set(ports).size);
  expect(ports.join()).not.toContain('undefined');
});

test('each of our services is built from a stage that is there, under one name for one stage', () => {
  const { ours } = setup();
  const built = new Set(ours.map(([, { image, build }]) => `${image} ${stageOf(build?.target ?? '').name}`));
  expect([...built].sort()).toEqual(['chartway-sandbox:0.1.0 sandbox', 'chartway:0.1.0 chartway']);
});

test('a process has the time to drain that it takes', () => {
  // The longest drains: observability/shutdown's grace of each root.
  expect(serviceOf('worker').stop_grace_period).toBe('30s');
  expect(serviceOf('webhook').stop_grace_period).toBe('15s');
  expect(serviceOf('api').stop_grace_period).toBe('20s');
});
