import { type ProcessName, readConfig } from '../src/config';
import { DAY_MS } from '../src/domain/policy';
import { generateKey } from '../src/temporal/key-ring';
import { readFaults } from './support/configuration';

/** What every process needs for the real upstream, whose addresses are the defaults. */
const REAL = {
  HUMAN_API_CLIENT_ID: 'id-1',
  HUMAN_API_CLIENT_SECRET: 'classified',
  PAYLOAD_KEYS: generateKey('main'),
  WEBHOOK_SECRET: 'a-secret-of-16-characters',
  REPORTS_ENCRYPTION: 'off',
};
const SANDBOX = Object.fromEntries(
  ['AUTH', 'ADMIN', 'DATA'].map((name) => [`HUMAN_API_${name}_URL`, 'http://127.0.0.1:3002']),
);
const ALL = ['worker', 'webhook', 'api', 'starter', 'chartway', 'dev', 'verifier'] as const;

const faultsOf = (env: Record<string, string>, processName: ProcessName) => readFaults(processName, env);

/** The processes that do not start in this environment, each because of this one variable. */
function rejecting(env: Record<string, string>, key: string): readonly ProcessName[] {
  return ALL.filter((processName) => {
    const keys = faultsOf(env, processName).map((fault) => fault.key);
    expect(keys.filter((other) => other !== key)).toEqual([]);
    return keys.length > 0;
  });
}

const WITHOUT_CHOICE = Object.fromEntries(Object.entries(REAL).filter(([name]) => name !== 'REPORTS_ENCRYPTION'));

test('with all choices made every process starts', () => {
  expect(ALL.flatMap((processName) => faultsOf(REAL, processName))).toEqual([]);
});

test('processes that use the report store do not start for a real upstream without a choice of REPORTS_ENCRYPTION', () => {
  expect(rejecting(WITHOUT_CHOICE, 'REPORTS_ENCRYPTION')).toEqual(['worker', 'chartway', 'dev']);
  expect(faultsOf(WITHOUT_CHOICE, 'worker')).toMatchObject([
    { expected: expect.stringMatching(/^on.*or off/), got: 'nothing' },
  ]);
  expect(rejecting({ ...WITHOUT_CHOICE, REPORTS_ENCRYPTION: 'on' }, 'REPORTS_ENCRYPTION')).toEqual([]);
  expect(rejecting({ ...WITHOUT_CHOICE, ...SANDBOX }, 'REPORTS_ENCRYPTION')).toEqual([]);
  expect(readConfig('worker', REAL, '/nowhere').hasRealUpstream).toBe(true);
  expect(readConfig('worker', { ...REAL, ...SANDBOX }, '/nowhere').hasRealUpstream).toBe(false);
});

test.each(['INVITATION_EXPIRES_AFTER', 'APPLICANT_EXPIRES_AFTER'])(
  '%s under a day is rejected by each process that writes or checks a policy for a real upstream, unless it is allowed',
  (key) => {
    const minutes = { ...REAL, [key]: '30m' };
    expect(rejecting(minutes, key)).toEqual(['worker', 'api', 'starter', 'dev']);
    expect(faultsOf(minutes, 'starter')).toMatchObject([
      { expected: expect.stringMatching(/1d.*ALLOW_SHORT_DEADLINES=yes.*deleted/), got: '"30m"' },
    ]);
    expect(rejecting({ ...minutes, ALLOW_SHORT_DEADLINES: 'no' }, key)).toHaveLength(4);
    expect(rejecting({ ...minutes, ALLOW_SHORT_DEADLINES: 'yes' }, key)).toEqual([]);
    expect(rejecting({ ...minutes, ...SANDBOX }, key)).toEqual([]);
    expect(rejecting({ ...REAL, [key]: '24h' }, key)).toEqual([]);
    expect(readConfig('starter', { ...REAL, [key]: '1d' }, '/nowhere').policy.expiresMs).toMatchObject({
      [key.startsWith('INV') ? 'invitation' : 'applicant']: DAY_MS,
    });
  },
);

test('settle windows may be short, because no person is deleted at their end', () => {
  expect(faultsOf({ ...REAL, SETTLE_ALL_SYNCED: '6s' }, 'starter')).toEqual([]);
});

test('Temporal on another host requires TLS, unless plain text is allowed', () => {
  const plain = { ...REAL, TEMPORAL_ADDRESS: 'temporal.example.org:7233' };
  expect(rejecting(plain, 'TEMPORAL_TLS')).toEqual(ALL.filter((name) => name !== 'verifier'));
  expect(faultsOf(plain, 'starter')).toMatchObject([
    {
      expected: expect.stringMatching(
        /temporal\.example\.org:7233.*TEMPORAL_PLAINTEXT=temporal\.example\.org \(or allowed/,
      ),
      got: 'nothing',
    },
  ]);
  expect(faultsOf({ ...plain, TEMPORAL_TLS: 'false' }, 'starter')).toMatchObject([{ got: '"false"' }]);
  expect(rejecting({ ...plain, TEMPORAL_PLAINTEXT: 'refused' }, 'TEMPORAL_TLS')).toHaveLength(ALL.length - 1);
  for (const tls of [{ TEMPORAL_TLS: 'true' }, { TEMPORAL_API_KEY: 'k' }, { TEMPORAL_PLAINTEXT: 'allowed' }]) {
    expect(rejecting({ ...plain, ...tls }, 'TEMPORAL_TLS')).toEqual([]);
  }
  // An API key does not replace TLS.
  expect(rejecting({ ...plain, TEMPORAL_API_KEY: 'k', TEMPORAL_TLS: 'false' }, 'TEMPORAL_TLS')).not.toEqual([]);
  // The upstream does not matter.
  expect(rejecting({ ...plain, ...SANDBOX }, 'TEMPORAL_TLS')).toHaveLength(ALL.length - 1);
});

test('plain text may be allowed for named hosts only, so that another address requires TLS again', () => {
  const to = (TEMPORAL_ADDRESS: string, TEMPORAL_PLAINTEXT: string) =>
    rejecting({ ...REAL, TEMPORAL_ADDRESS, TEMPORAL_PLAINTEXT }, 'TEMPORAL_TLS').length;
  expect(to('temporal:7233', 'temporal')).toBe(0);
  expect(to('Temporal:7233', 'temporal')).toBe(0);
  expect(to('10.0.0.1:7233', 'temporal, 10.0.0.1')).toBe(0);
  for (const elsewhere of ['temporal.example.org:7233', 'nottemporal:7233', '10.0.0.1:7233']) {
    expect([elsewhere, to(elsewhere, 'temporal')]).toEqual([elsewhere, ALL.length - 1]);
  }
  for (const wrong of ['temporal:7233', 'https://temporal', 'temporal,']) {
    expect(rejecting({ ...REAL, TEMPORAL_PLAINTEXT: wrong }, 'TEMPORAL_PLAINTEXT')).toEqual(ALL);
  }
});

test.each([
  ...[['127.0.0.1:7233'], ['localhost:7233'], ['localhost'], ['[::1]:7233'], ['127.1.2.3:1']],
  ...[
    ['localhost.example.org:7233', 'TEMPORAL_TLS'],
    ['10.0.0.1:7233', 'TEMPORAL_TLS'],
    ['[fe80::1]:7233', 'TEMPORAL_TLS'],
    ['127.0.0.1.example.org', 'TEMPORAL_TLS'],
  ],
])('Temporal at %s requires TLS if it is not on this machine', (TEMPORAL_ADDRESS = '', ...keys) => {
  expect(faultsOf({ ...REAL, TEMPORAL_ADDRESS }, 'worker').map(({ key }) => key)).toEqual(keys);
});

test('all faults of a real upstream are reported together', () => {
  const env = {
    TEMPORAL_ADDRESS: 'temporal:7233',
    INVITATION_EXPIRES_AFTER: '1m',
    APPLICANT_EXPIRES_AFTER: '1m',
    HUMAN_API_CLIENT_ID: 'id',
    HUMAN_API_CLIENT_SECRET: 'secret',
  };
  const keys = faultsOf(env, 'worker').map(({ key }) => key);
  expect(keys.sort()).toEqual([
    ...['APPLICANT_EXPIRES_AFTER', 'INVITATION_EXPIRES_AFTER', 'PAYLOAD_KEYS', 'REPORTS_ENCRYPTION', 'TEMPORAL_TLS'],
  ]);
});

test('a malformed HTTPS_PROXY is a fault of the worker of a real upstream, and its password is not shown', () => {
  for (const key of ['HTTPS_PROXY', 'https_proxy']) {
    const env = { ...REAL, [key]: 'me:pa55%ZZ@proxy' };
    expect(rejecting(env, key)).toEqual(['worker']);
    expect(JSON.stringify(faultsOf(env, 'worker'))).not.toContain('pa55');
    expect(rejecting({ ...env, ...SANDBOX }, key)).toEqual([]);
  }
  const { proxy } = readConfig(
    'worker',
    { ...REAL, HTTPS_PROXY: 'http://proxy:3128', no_proxy: 'a' },
    '/nowhere',
  ).humanApi;
  expect(proxy).toEqual({ url: 'http://proxy:3128', authorization: null, noProxy: 'a' });
});
