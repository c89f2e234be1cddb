import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ProcessName, readConfig } from '../../src/config';
import { findService, getProcess, isBuiltHere, listSecrets, readCompose, readVariables, type Service } from './compose';
import { findStage, lastInstruction } from './dockerfile';

/** Where the operator reads the audit log of the webhook. */
const WEBHOOK_AUDIT_LOG = '/var/lib/chartway/webhook-audit';
/** The keys of {@link Service}. */
const SERVICE_KEYS = {
  image: true,
  build: true,
  profiles: true,
  command: true,
  entrypoint: true,
  init: true,
  restart: true,
  environment: true,
  env_file: true,
  secrets: true,
  volumes: true,
  tmpfs: true,
  read_only: true,
  ports: true,
  networks: true,
  network_mode: true,
  depends_on: true,
  healthcheck: true,
  stop_grace_period: true,
  cap_add: true,
  cap_drop: true,
  security_opt: true,
  mem_limit: true,
  pids_limit: true,
  ulimits: true,
} satisfies Record<keyof Service, true>;

const compose = readCompose();
const services = Object.entries(compose.services);
const ownServices = services.filter(([, service]) => getProcess(service) !== null);
/** Without the sandbox. */
const chartwayServices = ownServices.filter(([, service]) => getProcess(service) !== 'sandbox');

test('each key is one that this file uses: Compose ignores or rejects a misspelt one', () => {
  const unknown = services.flatMap(([name, service]) =>
    Object.keys(service)
      .filter((key) => !Object.hasOwn(SERVICE_KEYS, key))
      .map((key) => `${name}.${key}`),
  );
  expect(unknown).toEqual([]);
  const sections = Object.keys(compose).filter((key) => !key.startsWith('x-'));
  expect(sections.sort()).toEqual(['name', 'networks', 'secrets', 'services', 'volumes']);
});

const IMAGE = /^[\w/-]+:[\w.-]+@sha256:[0-9a-f]{64}$/;
const SECRET = /(SECRET|PASSWORD|PWD|KEY|KEYS|TOKEN)$/;
const heapMiB = (service: Service) => Number(/=(\d+)$/.exec(readVariables(service)['NODE_OPTIONS'] ?? '')?.[1]);
const isChartway = (service: Service) => chartwayServices.some(([, other]) => other === service);

test.each<[string, string[], (service: Service) => boolean]>([
  ['have an env file that is not a name', [], ({ env_file = [] }) => env_file.some((file) => typeof file !== 'string')],
  ['use an image of others without a digest', [], ({ image }) => !isBuiltHere(image) && !IMAGE.test(image)],
  ['can write to their root', ['temporal-ui'], ({ read_only }) => read_only !== true],
  ['keep capabilities', [], ({ cap_drop }) => cap_drop?.join() !== 'ALL'],
  ['add capabilities', ['postgresql'], (service) => 'cap_add' in service],
  ['can gain privileges', [], ({ security_opt }) => security_opt?.join() !== 'no-new-privileges:true'],
  ['have no limit of memory', [], ({ mem_limit }) => !/^[12]g$/.test(mem_limit ?? '')],
  ['have no limit of processes', [], ({ pids_limit }) => pids_limit === undefined],
  ['write core files, which could hold keys', [], ({ ulimits }) => ulimits?.core !== 0],
  ['have a heap as large as their memory', [], (service) => isChartway(service) && !(heapMiB(service) <= 0.7 * 1_024)],
  ['publish a port beyond loopback', [], ({ ports = [] }) => ports.some((port) => !port.startsWith('127.0.0.1:'))],
  [
    'have a secret as a variable',
    [],
    (service) => Object.keys(readVariables(service)).some((name) => SECRET.test(name)),
  ],
])('the services that %s: %j', (_title, names, isOne) => {
  expect(services.filter(([, service]) => isOne(service)).map(([name]) => name)).toEqual(names);
});

test('Compose 2.20 and podman-compose read the file: it has no !reset and no !override', () => {
  expect(readFileSync(join(__dirname, '..', '..', 'docker-compose.yml'), 'utf8')).not.toMatch(/!(reset|override)/);
});

test('bind mounts have the option z, so that containers can read them under SELinux', () => {
  const binds = services.flatMap(([, { volumes = [] }]) => volumes.filter((volume) => volume.startsWith('.')));
  expect(binds).toHaveLength(6);
  expect(binds.filter((volume) => !volume.endsWith(':ro,z'))).toEqual([]);
});

test('no container mounts the folder of the secrets, and the webhook has two secrets', () => {
  const folders = services.flatMap(([, { volumes = [] }]) => volumes.map((volume) => volume.split(':')[0] ?? ''));
  expect(folders.filter((folder) => /^\.\/?(deploy\/?(secrets.*)?)?$/.test(folder))).toEqual([]);
  expect(listSecrets(findService('webhook')).map(({ target }) => target)).toEqual(['WEBHOOK_SECRET', 'PAYLOAD_KEYS']);
});

test('each process except the sandbox has keys, and a webhook has its own key', () => {
  for (const [, service] of ownServices) {
    const keys = listSecrets(service).find(({ target }) => target === 'PAYLOAD_KEYS')?.source;
    const expected = getProcess(service) === 'webhook' ? 'WEBHOOK_PAYLOAD_KEYS' : 'PAYLOAD_KEYS';
    expect(keys).toBe(getProcess(service) === 'sandbox' ? undefined : expected);
  }
});

test('the secrets, volumes and networks of a service exist, and its dependencies in each of its profiles', () => {
  for (const [, service] of services) {
    for (const { source } of listSecrets(service)) expect(Object.keys(compose.secrets)).toContain(source);
    for (const volume of service.volumes ?? [])
      if (!volume.startsWith('.')) expect(Object.keys(compose.volumes)).toContain(volume.split(':')[0]);
    for (const network of service.networks ?? []) expect(Object.keys(compose.networks)).toContain(network);
    for (const dependency of Object.keys(service.depends_on ?? {}))
      expect(compose.services[dependency]?.profiles).toEqual(expect.arrayContaining([...service.profiles]));
  }
});

test.each(chartwayServices)('the environment of %s is a valid configuration of its process', (_name, service) => {
  const key = `main:${Buffer.alloc(32, 1).toString('base64')}`;
  const sampleOf = (target: string) => {
    if (target === 'API_KEYS') return `sandbox:intake:${'0'.repeat(64)}`;
    if (target === 'EVENTS_SECRET') return `whsec_${Buffer.alloc(32, 2).toString('base64')}`;
    return /KEYS?$/.test(target) ? key : 'a-secret-of-a-file';
  };
  const values = listSecrets(service).map(({ target }) => [target, sampleOf(target)]);
  const env = { ...readVariables(service), ...Object.fromEntries(values) };
  const read = () => readConfig(getProcess(service) as ProcessName, env, join(tmpdir(), 'chartway-no-such-folder'));
  expect(read).not.toThrow();
});

test('the processes that post or repeat events have the secret that signs them, and no other process', () => {
  const names = ownServices
    .filter(([, service]) => listSecrets(service).some(({ target }) => target === 'EVENTS_SECRET'))
    .map(([, service]) => getProcess(service));
  expect(new Set(names)).toEqual(new Set(['worker', 'api', 'chartway']));
});

test('each volume is mounted at a folder of the image that a variable names', () => {
  const runs = findStage('chartway').instructions.filter(({ name }) => name === 'RUN');
  const created = runs.map(({ text }) => text).join('\n');
  for (const [, service] of ownServices) {
    const { REPORT_STORE, WEBHOOK_SPOOL, AUDIT_LOG, SANDBOX_DATA } = readVariables(service);
    for (const volume of service.volumes ?? []) {
      const [, folder = ''] = volume.split(':');
      expect([REPORT_STORE, WEBHOOK_SPOOL, AUDIT_LOG, SANDBOX_DATA, WEBHOOK_AUDIT_LOG]).toContain(folder);
      expect(created).toContain(folder);
    }
  }
});

test('a webhook writes its audit log to a volume that no other process can write, without their key', () => {
  for (const [name, service] of chartwayServices) {
    const isWebhook = getProcess(service) === 'webhook';
    const volume = `${name.startsWith('sandbox') ? 'sandbox-' : ''}${isWebhook ? 'webhook-' : ''}audit`;
    const audits = service.volumes?.filter((mounted) => /audit:/.test(mounted) && !mounted.endsWith(':ro'));
    expect(audits).toEqual([`${volume}:${readVariables(service)['AUDIT_LOG']}`]);
    expect(listSecrets(service).some(({ target }) => target === 'AUDIT_KEY')).toBe(!isWebhook);
  }
  expect(findService('operator').volumes).toContain(`webhook-audit:${WEBHOOK_AUDIT_LOG}:ro`);
});

test('only the Temporal server of the file may be reached in plain text', () => {
  for (const [, service] of chartwayServices) {
    const { TEMPORAL_ADDRESS, TEMPORAL_PLAINTEXT } = readVariables(service);
    expect(`${TEMPORAL_PLAINTEXT}:7233`).toBe(TEMPORAL_ADDRESS);
  }
});

test('worker, webhook and api have the health check of the image, on a port that no neighbour uses', () => {
  expect(lastInstruction(findStage('chartway'), 'HEALTHCHECK')).toMatch(/CMD \["node", "\/app\/deploy\/ready\.mjs"\]$/);
  const checked = ownServices.filter(([, service]) => /^(worker|webhook|api)$/.test(getProcess(service) ?? ''));
  expect(checked.filter(([, { healthcheck }]) => healthcheck !== undefined)).toEqual([]);
  const ports = checked.map(
    ([name, service]) => `${service.network_mode ?? name} ${readVariables(service)['METRICS_PORT']}`,
  );
  expect(ports).toHaveLength(new Set(ports).size);
  expect(ports.join()).not.toContain('undefined');
});

test('the services of Chartway use one image for each stage', () => {
  const images = new Set(ownServices.map(([, { image, build }]) => `${image} ${findStage(build?.target ?? '').name}`));
  expect([...images].sort()).toEqual(['chartway-sandbox:0.2.0 sandbox', 'chartway:0.2.0 chartway']);
});

test('each process has the time that its drain takes', () => {
  // The grace periods of the processes, rounded up.
  expect(findService('worker').stop_grace_period).toBe('30s');
  expect(findService('webhook').stop_grace_period).toBe('15s');
  expect(findService('api').stop_grace_period).toBe('20s');
});
