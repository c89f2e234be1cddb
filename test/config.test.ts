import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { type ProcessName, readConfig } from '../src/config';
import { DAY_MS, DEFAULT_POLICY, MINUTE_MS } from '../src/domain/policy';
import { NO_EVENTS } from '../src/events/settings';
import { excludeLoopback } from '../src/process/loopback';
import { generateKey } from '../src/temporal/key-ring';
import { readFaults } from './support/configuration';
import { useFolders } from './support/folders';

const CREDENTIALS = { HUMAN_API_CLIENT_ID: 'id-1', HUMAN_API_CLIENT_SECRET: 'classified' };
const LOOPBACK = {
  HUMAN_API_AUTH_URL: 'http://127.0.0.1:3002/auth',
  HUMAN_API_ADMIN_URL: 'http://localhost:3002/admin/',
  HUMAN_API_DATA_URL: 'http://[::1]:3002/data',
};
/** Unset: the default URLs. */
const REAL = { HUMAN_API_AUTH_URL: '', HUMAN_API_ADMIN_URL: '', HUMAN_API_DATA_URL: '' };

const newFolder = useFolders();
let folder: string;
beforeEach(async () => {
  folder = await newFolder();
});

/** With an upstream on loopback; see test/real-upstream.test.ts for others. */
function read(env: Record<string, string | undefined> = {}, processName: ProcessName = 'starter') {
  return readConfig(processName, { ...LOOPBACK, ...env }, folder);
}

const faultsOf = (env: Record<string, string | undefined>, processName: ProcessName = 'starter') =>
  readFaults(processName, { ...LOOPBACK, ...env }, folder);

test('without variables, returns the documented defaults', () => {
  expect(readConfig('verifier', {}, folder)).toEqual({
    humanApi: {
      clientId: null,
      clientSecret: null,
      authUrl: 'https://auth.humanapi.co',
      adminUrl: 'https://admin.humanapi.co',
      dataUrl: 'https://api.humanapi.co',
      timeoutMs: 30_000,
      envelopes: 'strict',
      proxy: null,
      maxCallsPerSecond: 10,
    },
    hasRealUpstream: true,
    temporal: { namespace: 'default', connection: { address: '127.0.0.1:7233' } },
    hasTemporalServer: false,
    taskQueue: 'chartway',
    deployment: { name: null, buildId: null },
    reportStore: { kind: 'folder', path: './reports' },
    reportStoreId: null,
    reportsAtRest: { cipher: null, encrypts: false },
    policy: DEFAULT_POLICY,
    refreshForMs: 30 * DAY_MS,
    retentionMs: null,
    sweepEveryMs: 86_400_000,
    webhook: {
      host: '127.0.0.1',
      port: 3001,
      secrets: [],
      auditKey: '',
      signature: {
        mode: 'off',
        secrets: [],
        headers: { signature: 'x-humanapi-signature', timestamp: 'x-humanapi-timestamp', nonce: 'x-humanapi-nonce' },
        encoding: 'auto',
        timeUnit: 'auto',
        toleranceMs: 5 * MINUTE_MS,
      },
      trustedProxies: [],
      tls: null,
      spoolFolder: '.data/spool',
      spoolMaxBytes: 256 * 1024 ** 2,
    },
    api: {
      host: '127.0.0.1',
      port: 3000,
      keys: [],
      origins: [],
      tls: null,
      trustedProxies: [],
      codec: 'off',
      uiOrigins: [],
      oneTimeSessions: false,
    },
    events: NO_EVENTS,
    payload: { ring: null, encrypts: false },
    hasPayloadSettings: false,
    metrics: { host: '127.0.0.1', port: null },
    logLevel: 'info',
    audit: {
      folder: '.data/audit',
      keepMs: 2_192 * DAY_MS,
      keys: { signing: null, expects: expect.any(Function), find: expect.any(Function) },
    },
  });
});

test('encrypts the report store only if REPORTS_ENCRYPTION is on, which requires keys; with keys, encrypted files are readable', () => {
  const keys = { PAYLOAD_KEYS: `k1:${Buffer.alloc(32, 1).toString('base64')}` };
  const on = { REPORTS_ENCRYPTION: 'on' };
  expect(read({ ...keys, ...on }).reportsAtRest).toMatchObject({ encrypts: true, cipher: expect.anything() });
  expect(read({ ...keys, PAYLOAD_ENCRYPTION: 'off' }).reportsAtRest).toMatchObject({
    encrypts: false,
    cipher: expect.anything(),
  });
  expect(faultsOf({ ...on, ...CREDENTIALS }, 'worker').map(({ key }) => key)).toContain('REPORTS_ENCRYPTION');
});

test('signs the audit log with AUDIT_KEY, else with a key of PAYLOAD_KEYS; the webhook only with AUDIT_KEY', () => {
  const payload = { PAYLOAD_KEYS: `k1:${Buffer.alloc(32, 1).toString('base64')}` };
  const own = { ...payload, AUDIT_KEY: `a1:${Buffer.alloc(32, 2).toString('base64')}` };
  const signing = (env: Record<string, string>, processName: ProcessName) =>
    read(env, processName).audit.keys.signing?.id;
  expect([signing(own, 'starter'), signing(payload, 'starter'), signing({}, 'starter')]).toEqual([
    ...['a1', 'payload:k1', undefined],
  ]);
  const webhooks = { ...payload, AUDIT_KEY: `webhook-1:${Buffer.alloc(32, 3).toString('base64')}` };
  expect([signing(webhooks, 'webhook'), signing(payload, 'webhook')]).toEqual(['webhook-1', undefined]);
});

test('the webhook must not have an AUDIT_KEY of other processes, nor they only those of the webhook', () => {
  const entry = (id: string) => `${id}:${Buffer.alloc(32, 4).toString('base64')}`;
  const rejecting = (...ids: string[]) => {
    const env = { ...CREDENTIALS, AUDIT_KEY: ids.map(entry).join(',') };
    const all: readonly ProcessName[] = ['worker', 'webhook', 'api', 'starter', 'chartway', 'dev', 'verifier'];
    return all.filter((name) => faultsOf(env, name).some(({ key }) => key === 'AUDIT_KEY'));
  };
  expect(rejecting('audit')).toEqual(['webhook']);
  expect(rejecting('webhook-1', 'audit')).toEqual(['webhook']);
  // The verifier may have only the keys of the webhook.
  expect(rejecting('webhook-1', 'webhook-2')).toEqual(['worker', 'api', 'starter', 'chartway', 'dev']);
  const [fault] = faultsOf({ AUDIT_KEY: entry('audit') }, 'webhook').filter(({ key }) => key === 'AUDIT_KEY');
  expect(fault).toEqual({
    key: 'AUDIT_KEY',
    expected: expect.stringMatching(/ids that begin with "webhook".*npm run keygen -- webhook-audit/),
    got: 'a value that is not shown',
  });
});

test('reads each duration of the policy from the variable of its name', () => {
  const env = {
    POLL_INVITED: '1s',
    POLL_ENGAGED: '2s',
    POLL_SYNCING: '3s',
    POLL_ATTENTION: '4s',
    POLL_SOME_SYNCED: '5s',
    POLL_DISCONNECTED: '6s',
    SETTLE_ALL_SYNCED: '7s',
    SETTLE_SOME_SYNCED: '8s',
    SETTLE_ERROR: '9s',
    INVITATION_EXPIRES_AFTER: '10s',
    APPLICANT_EXPIRES_AFTER: '250ms',
    REPORTS: 'Unity:json',
    REFRESH_CHECK_AFTER: '1h, 2d',
    ACCESS_REFUSED_PATIENCE: '11s',
    CHASE_INVITED_AFTER: '12s',
    CHASE_ENGAGED_AFTER: '13s',
  };
  expect(read(env).policy).toEqual({
    pollMs: {
      invited: 1_000,
      engaged: 2_000,
      syncing: 3_000,
      attention: 4_000,
      someSynced: 5_000,
      disconnected: 6_000,
    },
    settleMs: { allSynced: 7_000, someSynced: 8_000, error: 9_000 },
    expiresMs: { invitation: 10_000, applicant: 250 },
    chaseMs: { invited: 12_000, engaged: 13_000 },
    accessRefusedPatienceMs: 11_000,
    wanted: { unity: ['json'] },
    refreshCheckAfterMs: [3_600_000, 172_800_000],
  });
  expect(read({ REFRESH_CHECK_AFTER: 'off' }).policy.refreshCheckAfterMs).toEqual([]);
});

test.each<[key: string, text: string]>([
  ['HUMAN_API_AUTH_URL', 'http://auth.example.org'],
  ['HUMAN_API_ADMIN_URL', 'https://admin.example.org/?tenant=1'],
  ['HUMAN_API_ADMIN_URL', 'https://admin.example.org/#top'],
  ['HUMAN_API_DATA_URL', 'https://user@api.example.org'],
  ['HUMAN_API_DATA_URL', 'ftp://api.example.org'],
  ['HUMAN_API_DATA_URL', 'api.example.org'],
  ['HUMAN_API_DATA_URL', 'http://127.0.0.1.example.org'],
  ['HUMAN_API_MAX_CALLS_PER_SECOND', '0'],
  ['HUMAN_API_MAX_CALLS_PER_SECOND', '-1'],
  ['HUMAN_API_MAX_CALLS_PER_SECOND', 'many'],
  ['HUMAN_API_TIMEOUT', '6m'],
  ['HUMAN_API_TIMEOUT', '30'],
  ['TEMPORAL_ADDRESS', 'http://temporal:7233'],
  ['TEMPORAL_TLS', 'yes'],
  ['TEMPORAL_TLS_DISABLE_HOST_VERIFICATION', 'true'],
  ['TEMPORAL_CONFIG_FILE', 'not-there.toml'],
  ['TEMPORAL_PROFILE', 'not-there'],
  ['TEMPORAL_TLS_SERVER_CA_CERT_PATH', 'not-there.pem'],
  ['TASK_QUEUE', 'with space'],
  ['REPORT_STORE', 'ftp://somewhere'],
  ['REPORTS', 'ccdraw:json'],
  ['REFRESH_FOR', '0d'],
  ['REPORTS_RETENTION', 'never'],
  ['REPORTS_RETENTION', '0d'],
  ['REPORTS_RETENTION', '1500ms'],
  ['REPORTS_RETENTION', '30'],
  ['REPORTS_RETENTION', '-1d'],
  ['REPORTS_RETENTION', 'OFF'],
  ['REFRESH_CHECK_AFTER', '24h,12h'],
  ['REFRESH_CHECK_AFTER', '24h,'],
  ['REFRESH_CHECK_AFTER', '1h,1h'],
  ['REFRESH_CHECK_AFTER', '1h,2h,3h,4h,5h,6h,7h,8h,9h,10h,11h'],
  ['WEBHOOK_HOST', 'http://localhost'],
  ['WEBHOOK_PORT', '65536'],
  ['WEBHOOK_PORT', 'tcp://10.0.0.1:3001'],
  ['WEBHOOK_SECRET', 'one,,two'],
  ['WEBHOOK_SIGNATURE', 'on'],
  ['WEBHOOK_SIGNATURE_HEADER', 'X Signature'],
  ['WEBHOOK_SIGNATURE_ENCODING', 'base32'],
  ['WEBHOOK_SIGNATURE_TIME_UNIT', 'us'],
  ['WEBHOOK_SIGNATURE_TOLERANCE', '2h'],
  ['WEBHOOK_SIGNATURE_SECRETS', 'one,,two'],
  ['API_PORT', '-1'],
  ['API_KEYS', 'name:reader:short'],
  ['METRICS_PORT', '80.5'],
  ['PAYLOAD_KEYS', 'k1:AAAA'],
  ['PAYLOAD_ENCRYPTION', 'yes'],
  ['REPORTS_ENCRYPTION', 'yes'],
  ['POLL_INVITED', '6 hours'],
  ['SETTLE_ERROR', '1.5h'],
  ['ACCESS_REFUSED_PATIENCE', '0s'],
  ['CHASE_ENGAGED_AFTER', '3 days'],
  ['APPLICANT_EXPIRES_AFTER', '-1d'],
  ['AUDIT_KEEP', '23h'],
  ['AUDIT_KEEP', '1s'],
  ['AUDIT_KEY', 'audit:AAAA'],
  ['LOG_LEVEL', 'verbose'],
])('%s=%s is a fault of that variable only, for each process', (key, text) => {
  for (const processName of ['worker', 'webhook', 'starter', 'dev'] as const) {
    const faults = faultsOf({ ...CREDENTIALS, WEBHOOK_SECRET: 'a-secret-of-this-test', [key]: text }, processName);
    expect(faults.map((fault) => fault.key)).toEqual([key]);
    expect(faults[0]?.expected).not.toBe('');
  }
});

test('reports all faults at once, each with its key, what was expected and what was found', () => {
  const env = { ...REAL, POLL_INVITED: 'soon', WEBHOOK_PORT: 'x', TEMPORAL_TLS: 'yes', POLL_ENGAGD: '1h' };
  expect(() => read(env, 'worker')).toThrow(
    [
      'Invalid configuration (see .env.example):',
      '  WEBHOOK_PORT: expected a port, 0 to 65535; got "x"',
      '  POLL_INVITED: expected an integer above zero and a unit: 250ms, 10s, 5m, 6h or 30d; got "soon"',
      '  TEMPORAL_TLS: expected true or false; got "yes"',
      '  HUMAN_API_CLIENT_ID: expected the client id that Human API gave you; got nothing',
      '  HUMAN_API_CLIENT_SECRET: expected the client secret that Human API gave you; got nothing',
      '  PAYLOAD_KEYS: expected keys (`npm run keygen -- main` makes one), unless the three HUMAN_API_*_URL are loopback or ' +
        'PAYLOAD_ENCRYPTION=off allows Temporal to store personal data unencrypted; got nothing',
      '  REPORTS_ENCRYPTION: expected on, or off to store reports unencrypted in REPORT_STORE; got nothing',
      '  POLL_ENGAGD: expected POLL_ENGAGED, or another known name; got an unknown name',
    ].join('\n'),
  );
});

test('shows no secret', () => {
  const env = {
    WEBHOOK_SECRET: 'hush,,hush',
    API_KEYS: 'hush',
    PAYLOAD_KEYS: 'hush',
    HUMAN_API_CLIENT_SECRT: 'hush',
    HUMAN_API_AUTH_URL: 'https://user:hush@host/',
    HUMAN_API_ADMIN_URL: 'https://host/?token=hush',
    REPORT_STORE: 'ftp://key:h/u@hush@bucket',
    TEMPORAL_CONFIG_FILE: path.join(folder, 'temporal.toml'),
  };
  writeFileSync(env.TEMPORAL_CONFIG_FILE, '[profile.default]\napi_key = hush\n');
  const faults = faultsOf(env);
  expect(faults).toHaveLength(8);
  expect(JSON.stringify(faults)).not.toMatch(/hush|h\/u/);
});

test.each([
  ...[
    'API_URL',
    'API_TOKEN',
    'API_BASE_URL',
    'WEBHOOK_URL',
    'WEBHOOK_TIMEOUT',
    'METRICS_PATH',
    'REPORT_DIR',
    'POLL_INTERVAL',
  ],
  ...['WORKER_ID', 'TASK_ID', 'WORKERS', 'LOG_FILE', 'AUDIT_URL', 'CODEC_KEY', 'INVITATION_TEXT', 'APPLICANT_ID'],
  ...['TEMPORAL_CLOUD_API_KEY', 'TEMPORAL_HOST', 'TEMPORAL_TASK_QUEUE', 'TEMPORAL_UI_PORT', 'api_key', 'log_file'],
])('ignores %s=x in the shell or in .env, a variable of another program', (name) => {
  expect(faultsOf({ [name]: 'x' })).toEqual([]);
  writeFileSync(path.join(folder, '.env'), `${name}=x\n`);
  expect(faultsOf({})).toEqual([]);
});

test('uses NO_PROXY of .env with the loopback that a process adds, unless the shell sets it', () => {
  writeFileSync(path.join(folder, '.env'), 'HTTPS_PROXY=http://proxy:3128\nNO_PROXY=api.humanapi.co\n');
  const noProxy = (env: NodeJS.ProcessEnv) => read(excludeLoopback(env)).humanApi.proxy?.noProxy;
  expect(noProxy({})).toBe('api.humanapi.co');
  expect(noProxy({ NO_PROXY: 'example.org' })).toMatch(/^example\.org,localhost,/);
});

test.each([
  ['INFO', 'info'],
  ['WARNING', 'warn'],
  ['sIlEnT', 'silent'],
])('accepts the log level %s', (text, level) => {
  expect(read({ LOG_LEVEL: text }).logLevel).toBe(level);
});

test.each([
  ['LF', '\n'],
  ['CR LF', '\r\n'],
  ['several line ends', '\r\n\n'],
  ['a space', ' '],
  ['a tab', '\t'],
])('trims secrets that end in %s, in the environment and in .env', (_, ending) => {
  const secrets = {
    ...CREDENTIALS,
    TEMPORAL_API_KEY: 'api-key',
    TEMPORAL_TLS: 'true',
    WEBHOOK_SECRET: 'a-secret-of-this-test',
    PAYLOAD_KEYS: generateKey('k1'),
    AUDIT_KEY: generateKey('audit'),
    REPORT_STORE: './elsewhere',
  };
  const shown = ({ humanApi, temporal, webhook, payload, audit, reportStore }: ReturnType<typeof read>) => [
    ...[humanApi.clientId, humanApi.clientSecret, temporal.connection.apiKey, webhook.secrets],
    ...[payload.ring?.ids, audit.keys.signing?.id, reportStore],
  ];
  const expected = [
    ...['id-1', 'classified', 'api-key', ['a-secret-of-this-test']],
    ...[['k1'], 'audit', { kind: 'folder', path: './elsewhere' }],
  ];
  const padded = Object.entries(secrets).map(([name, text]) => [name, ` ${text}${ending}`] as const);
  expect(shown(read(Object.fromEntries(padded), 'worker'))).toEqual(expected);
  writeFileSync(path.join(folder, '.env'), padded.map(([name, text]) => `${name}="${text}"\n`).join(''));
  expect(shown(read({}, 'worker'))).toEqual(expected);
});

test('accepts OFF in capitals, instead of a folder of that name', () => {
  const config = read({ WEBHOOK_SPOOL: 'OFF', AUDIT_LOG: 'Off', WEBHOOK_SECRET: 'a-secret-of-this-test' }, 'webhook');
  expect([config.webhook.spoolFolder, config.audit.folder]).toEqual([null, null]);
  expect(faultsOf({ AUDIT_LOG: 'OFF' }, 'starter')).toMatchObject([{ key: 'AUDIT_LOG' }]);
});

test.each([
  ['POLL_INVITEDD', 'POLL_INVITED'],
  ['HUMAN_API_CLIENT_SECRT', 'HUMAN_API_CLIENT_SECRET'],
  ['REPORTS_STORE', 'REPORT_STORE'],
  ['REPORT', 'REPORTS'],
  ['WEBHOOK_SECRETS', 'WEBHOOK_SECRET'],
  ['TEMPORAL_ADRESS', 'TEMPORAL_ADDRESS'],
  ['API_PROT', 'API_PORT'],
  ['POLL_INVITE', 'POLL_INVITED'],
  ['TASKQUEUE', 'TASK_QUEUE'],
  ['Log_Level', 'LOG_LEVEL'],
  ['LEVEL_LOG', 'LOG_LEVEL'],
  ['STORE_REPORT', 'REPORT_STORE'],
  ['TEMPORAL_ADRES', 'TEMPORAL_ADDRESS'],
  ['TEMPORAL_NAMESAPCE', 'TEMPORAL_NAMESPACE'],
  ['HUMAN_API_SECRET', 'HUMAN_API_CLIENT_SECRET'],
  ['API_KEY', 'API_KEYS'],
  ['WORKER_BUILDID', 'WORKER_BUILD_ID'],
  ['WORKER_DEPLOYMENT', 'WORKER_DEPLOYMENT_NAME'],
  ['TASK_QUEU', 'TASK_QUEUE'],
])('reports the unknown name %s, also if it is empty or in .env, with the similar name %s', (name, nearest) => {
  const faults = [{ key: name, expected: `${nearest}, or another known name` }];
  for (const text of ['x', '']) expect(faultsOf({ [name]: text })).toMatchObject(faults);
  writeFileSync(path.join(folder, '.env'), `${name}=x\n`);
  expect(faultsOf({})).toMatchObject(faults);
});

test('ignores the names of other software', () => {
  expect(faultsOf({ PATH: '/bin', SANDBOX_PORT: 'x', npm_config_loglevel: 'silent', DEBUG: '*' })).toEqual([]);
  expect(faultsOf({ TEMPORAL_CLI_PATH: '/bin/temporal', TEMPORAL_GRPC_META_TENANT: 'a' })).toEqual([]);
});

test('an empty variable counts as not set', () => {
  const empty = read({ POLL_INVITED: '', METRICS_PORT: '', TEMPORAL_ADDRESS: '', WEBHOOK_SPOOL: '' });
  expect(JSON.parse(JSON.stringify(empty))).toEqual(JSON.parse(JSON.stringify(read())));
  expect(faultsOf({ ...CREDENTIALS, HUMAN_API_CLIENT_ID: '' }, 'worker')).toHaveLength(1);
});

test('the environment overrides .env, also with an empty variable', () => {
  writeFileSync(path.join(folder, '.env'), 'TASK_QUEUE=file\nPOLL_INVITED="2h" # twice\nPOLL_ENGAGED=3h\n');
  const config = read({ TASK_QUEUE: 'environment', POLL_ENGAGED: '' });
  expect(config.taskQueue).toBe('environment');
  expect(config.policy.pollMs).toEqual({ ...DEFAULT_POLICY.pollMs, invited: 7_200_000 });
});

test('only the worker requires the credentials; one without the other is also a fault for npm start', () => {
  expect(faultsOf({}, 'worker').map(({ key }) => key)).toEqual(['HUMAN_API_CLIENT_ID', 'HUMAN_API_CLIENT_SECRET']);
  for (const processName of ['starter', 'dev', 'api'] as const) expect(faultsOf({}, processName)).toEqual([]);
  expect(faultsOf({ HUMAN_API_CLIENT_ID: 'id-1' }, 'dev').map(({ key }) => key)).toEqual(['HUMAN_API_CLIENT_SECRET']);
  expect(readConfig('worker', { ...CREDENTIALS, ...LOOPBACK }, folder).humanApi.clientSecret).toBe('classified');
});

test('the webhook runs without a secret only if it is reachable from this machine only', () => {
  expect(faultsOf({}, 'webhook')).toEqual([]);
  const keys = { PAYLOAD_ENCRYPTION: 'off' };
  expect(faultsOf({ ...keys, ...REAL }, 'webhook').map(({ key }) => key)).toEqual(['WEBHOOK_SECRET']);
  expect(faultsOf({ WEBHOOK_HOST: '0.0.0.0' }, 'webhook')).toHaveLength(1);
  expect(faultsOf({ ...keys, HUMAN_API_DATA_URL: 'https://api.humanapi.co' }, 'webhook')).toHaveLength(1);
  const secrets = ['the-new-secret-of-this', 'the-old-secret-of-this'];
  const set = { WEBHOOK_HOST: '0.0.0.0', WEBHOOK_SECRET: secrets.join(', ') };
  expect(read(set, 'webhook').webhook.secrets).toEqual(secrets);
});

test('a secret of a reachable webhook has at least 16 characters, and a comma separates two', () => {
  const reachable = { WEBHOOK_HOST: '0.0.0.0' };
  const real = { PAYLOAD_ENCRYPTION: 'off', HUMAN_API_ADMIN_URL: 'https://admin.humanapi.co' };
  for (const where of [reachable, real]) {
    for (const secret of ['z', 'fifteen-letters', 'a-long-secret-with,-comma']) {
      const faults = faultsOf({ ...where, WEBHOOK_SECRET: secret }, 'webhook');
      expect(faults).toMatchObject([{ key: 'WEBHOOK_SECRET', got: 'a value that is not shown' }]);
      expect(faults[0]?.expected).toMatch(/at least 16 characters in each secret/);
    }
    expect(faultsOf({ ...where, WEBHOOK_SECRET: 'sixteen-letters-' }, 'webhook')).toEqual([]);
  }
  expect(faultsOf({ WEBHOOK_SECRET: 'z' }, 'webhook')).toEqual([]);
});

test('rejects an S3 store, which this version does not have', () => {
  expect(faultsOf({ ...CREDENTIALS, REPORT_STORE: 's3://bucket' }, 'worker')).toMatchObject([{ key: 'REPORT_STORE' }]);
  expect(faultsOf({ REPORT_STORE: 's3://bucket' }, 'chartway')).toMatchObject([{ key: 'REPORT_STORE' }]);
  expect(faultsOf({ REPORT_STORE: 's3://bucket' }, 'starter')).toEqual([]);
});

test('checks signatures with the client secret and further secrets, and requires it only then', () => {
  const verify = { WEBHOOK_SIGNATURE: 'verify' };
  expect(faultsOf(verify, 'webhook')).toMatchObject([{ key: 'HUMAN_API_CLIENT_SECRET', got: 'nothing' }]);
  expect(faultsOf({ ...verify, WEBHOOK_SIGNATURE: 'off' }, 'webhook')).toEqual([]);
  expect(faultsOf({ WEBHOOK_SIGNATURE: 'verify' }, 'starter')).toEqual([]);
  const signed = { ...verify, HUMAN_API_CLIENT_SECRET: 'new', WEBHOOK_SIGNATURE_SECRETS: 'old, older' };
  const { mode, secrets } = read(signed, 'webhook').webhook.signature;
  expect({ mode, secrets }).toEqual({ mode: 'verify', secrets: ['new', 'old', 'older'] });
  const setTwice = { ...signed, WEBHOOK_SIGNATURE_HEADER: 'X-HumanAPI-Nonce' };
  expect(faultsOf(setTwice, 'webhook')).toMatchObject([{ key: 'WEBHOOK_SIGNATURE_HEADER', got: '"X-HumanAPI-Nonce"' }]);
  const doubled = { ...signed, WEBHOOK_SIGNATURE_NONCE_HEADER: 'x-humanapi-TIMESTAMP' };
  expect(faultsOf(doubled, 'webhook')).toMatchObject([{ key: 'WEBHOOK_SIGNATURE_NONCE_HEADER' }]);
});

test('keeps the path of base URLs, without the slash at the end', () => {
  const { authUrl, adminUrl, dataUrl } = read().humanApi;
  expect([authUrl, adminUrl, dataUrl]).toEqual(Object.values(LOOPBACK).map((url) => url.replace(/\/$/, '')));
});

test('finds Temporal by its variables, profiles and keys', () => {
  const file = path.join(folder, 'temporal.toml');
  writeFileSync(file, '[profile.cloud]\naddress = "cloud:7233"\nnamespace = "carrier.abc"\n');
  const { temporal } = read({ TEMPORAL_CONFIG_FILE: file, TEMPORAL_PROFILE: 'cloud', TEMPORAL_API_KEY: 'k' });
  expect(temporal).toEqual({
    namespace: 'carrier.abc',
    connection: { address: 'cloud:7233', apiKey: 'k', tls: true },
  });
  expect(read({ TEMPORAL_ADDRESS: '127.0.0.1:7233' }).hasTemporalServer).toBe(true);
  const plain = { TEMPORAL_CONFIG_FILE: file, TEMPORAL_PROFILE: 'cloud', TEMPORAL_PLAINTEXT: 'allowed' };
  expect(read(plain).hasTemporalServer).toBe(true);
  expect(faultsOf({ ...plain, TEMPORAL_PLAINTEXT: '' })).toMatchObject([{ key: 'TEMPORAL_TLS' }]);
  expect(read({ TEMPORAL_ADDRESS: 'elsewhere:1', TEMPORAL_TLS: 'true' }).temporal.connection).toMatchObject({
    address: 'elsewhere:1',
    tls: {},
  });
});

test('accepts a sweep of whole seconds, or off', () => {
  expect(read({ SWEEP_EVERY: '6h' }).sweepEveryMs).toBe(21_600_000);
  expect(read({ SWEEP_EVERY: 'off' }).sweepEveryMs).toBeNull();
  expect(() => read({ SWEEP_EVERY: '1500ms' })).toThrow();
  expect(() => read({ SWEEP_EVERY: 'never' })).toThrow();
});

test('nothing is erased by age without REPORTS_RETENTION, which is a day or more for a real upstream and requires the audit log', () => {
  const real = { ...CREDENTIALS, ...REAL, PAYLOAD_ENCRYPTION: 'off', REPORTS_ENCRYPTION: 'off' };
  const retentionOf = (env: Record<string, string>) => read({ ...real, ...env }, 'worker').retentionMs;
  const keysOf = (env: Record<string, string>) => faultsOf({ ...real, ...env }, 'worker').map(({ key }) => key);
  expect([retentionOf({}), retentionOf({ REPORTS_RETENTION: 'off', AUDIT_LOG: 'off' })]).toEqual([null, null]);
  expect(retentionOf({ REPORTS_RETENTION: '1d' })).toBe(DAY_MS);
  expect(keysOf({ REPORTS_RETENTION: '23h' })).toEqual(['REPORTS_RETENTION']);
  expect(retentionOf({ REPORTS_RETENTION: '2s', ...LOOPBACK })).toBe(2_000);
  expect(keysOf({ REPORTS_RETENTION: '90d', AUDIT_LOG: ' Off' })).toEqual(['AUDIT_LOG']);
});
