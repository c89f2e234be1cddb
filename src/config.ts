import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'dotenv';
import { z } from 'zod';
import { RETENTION_VARIABLES, retentionFaults, toRetentionMs } from './activities/retention-settings';
import { API_VARIABLES, apiFaults, apiSettings } from './api/settings';
import { DAY_MS, DURATION_EXPECTED, MINUTE_MS, parseDurationMs, SECOND_MS } from './domain/policy';
import { PROXY_EXPECTED, readProxy } from './human-api/proxy-settings';
import {
  ConfigurationError,
  type ConfigurationFault,
  type Environment,
  faultOf,
  nameMeant,
} from './process/configuration-fault';
import { isLoopbackHost, withoutOwnNoProxy } from './process/loopback';
import { networks } from './process/networks';
import { Mistake, separated, setting } from './process/setting';
import { tlsFaults, tlsFiles, tlsVariables } from './process/tls-settings';
import { parseReportStore } from './report-store/store';
import { parseBytes } from './spool/bytes';
import { AUDIT_KEY_VARIABLES, auditKeyFaults, createAuditKeys, selectWebhookKeys } from './temporal/audit-keys';
import { readDevKeys, readRunningDevKeys } from './temporal/dev-keys';
import { createCipher, type KeyRing } from './temporal/key-ring';
import { hasPayloadSettings, PAYLOAD_VARIABLES, payloadFaults, readPayloadSettings } from './temporal/payload-settings';
import { POLICY_VARIABLES, shortDeadlineFaults, toPolicy } from './temporal/policy-settings';
import {
  DEPLOYMENT_VARIABLES,
  plaintextFaults,
  readTemporalSettings,
  TEMPORAL_VARIABLES,
  type TemporalSettingsRead,
  temporalNames,
} from './temporal/settings';
import { SIGNATURE_VARIABLES, signatureFaults, signatureSettings } from './webhook/signature-settings';

export { exitOnConfigurationError } from './process/configuration-fault';

/**
 * The process that reads: every process checks the form of all that is set, and requires only what it uses itself. `verifier`: an operator's
 * command that only reads files of the audit log.
 */
export type ProcessName = 'worker' | 'webhook' | 'api' | 'starter' | 'chartway' | 'dev' | 'verifier';

/** Everything that the environment says, checked. */
export type Config = ReturnType<typeof configOf>;
/** What a worker cannot be without. */
export type WorkerConfig = Config & { readonly humanApi: { readonly clientId: string; readonly clientSecret: string } };

/**
 * Reads the environment and, behind it, the `.env` of `folder`. A variable set to nothing, or to white space, counts as not set; in the environment it still hides the one in `.env`.
 * @throws ConfigurationError
 */
export function readConfig(process: 'worker', env?: NodeJS.ProcessEnv, folder?: string): WorkerConfig;
export function readConfig(process: ProcessName, env?: NodeJS.ProcessEnv, folder?: string): Config;
export function readConfig(processName: ProcessName, env = process.env, folder = process.cwd()): Config {
  const given = givenTexts(env, folder);
  const set = Object.fromEntries(Object.entries(given).filter(([, text]) => text !== ''));
  const checked = z.object(VARIABLES).safeParse(set);
  const temporal = readTemporalSettings(set);
  const address = 'connection' in temporal ? temporal.connection.address : null;
  const own = hasPayloadSettings(set) || address === null ? null : ownKeysOf(processName, address, folder);
  const ring = own !== null && 'ids' in own ? own : null;
  const found = [
    ...(own === null || 'ids' in own ? [] : [own]),
    ...(checked.error?.issues ?? []).map(({ path: [key], message }) => faultOf(String(key), message, set)),
    ...('connection' in temporal ? [] : temporal),
    ...('connection' in temporal && processName !== 'verifier' ? plaintextFaults(temporal, set) : []),
    // Keys that are there and cannot be read are one fault, not also missing.
    ...unmetBy(processName, set, { ownKeys: own !== null && processName !== 'verifier' }),
    ...unknownNames(given),
  ];
  // One fault a variable: what is malformed need not also be unavailable.
  const faults = found.filter(({ key }, index) => found.findIndex((other) => other.key === key) === index);
  if (faults.length > 0 || !checked.success || !('connection' in temporal)) throw new ConfigurationError(faults);
  return configOf(processName, checked.data, temporal, ring, set);
}

function configOf(
  processName: ProcessName,
  read: z.output<z.ZodObject<typeof VARIABLES>>,
  { hasServer: serverGiven, ...temporal }: TemporalSettingsRead,
  own: KeyRing | null,
  set: Environment,
) {
  const payload = readPayloadSettings(read, own);
  return {
    humanApi: {
      clientId: read.HUMAN_API_CLIENT_ID ?? null,
      clientSecret: read.HUMAN_API_CLIENT_SECRET ?? null,
      authUrl: read.HUMAN_API_AUTH_URL,
      adminUrl: read.HUMAN_API_ADMIN_URL,
      dataUrl: read.HUMAN_API_DATA_URL,
      timeoutMs: read.HUMAN_API_TIMEOUT,
      maxCallsPerSecond: read.HUMAN_API_MAX_CALLS_PER_SECOND,
      envelopes: read.HUMAN_API_ENVELOPES,
      /** Null: Human API is called directly. */
      proxy: proxyOf(set),
    },
    hasRealUpstream: isReal([read.HUMAN_API_AUTH_URL, read.HUMAN_API_ADMIN_URL, read.HUMAN_API_DATA_URL]),
    temporal,
    /** Whether something named a Temporal server; if not, the address above is the default. */
    temporalGiven: serverGiven,
    taskQueue: read.TASK_QUEUE,
    deployment: { name: read.WORKER_DEPLOYMENT_NAME ?? null, buildId: read.WORKER_BUILD_ID ?? null },
    reportStore: read.REPORT_STORE,
    /** The id in its `.chartway/store.json`; null: any. */
    reportStoreId: read.REPORT_STORE_ID ?? null,
    /** What is encrypted can be read for as long as its key is listed, whatever is written from now on. */
    reportsAtRest: { cipher: payload.ring && createCipher(payload.ring), encrypts: read.REPORTS_ENCRYPTION === 'on' },
    policy: toPolicy(read),
    refreshForMs: read.REFRESH_FOR,
    /** Null: nothing is erased by age. */
    retentionMs: toRetentionMs(read),
    /** Null: no sweep by schedule. */
    sweepEveryMs: read.SWEEP_EVERY === 'off' ? null : read.SWEEP_EVERY,
    webhook: {
      host: read.WEBHOOK_HOST,
      port: read.WEBHOOK_PORT,
      /** The entries of `AUDIT_KEY` that sign for it, for the `npm start` that starts it. */
      auditKey: selectWebhookKeys(set['AUDIT_KEY'] ?? ''),
      /** Each is good; several while one is being replaced. */
      secrets: read.WEBHOOK_SECRET ?? [],
      /** Networks of proxies whose `X-Forwarded-For` is believed. */
      trustedProxies: read.WEBHOOK_TRUSTED_PROXIES ?? [],
      signature: signatureSettings(read, read.HUMAN_API_CLIENT_SECRET),
      tls: tlsFiles(read.WEBHOOK_TLS_CERT_FILE, read.WEBHOOK_TLS_KEY_FILE),
      /** Null: no spool. */
      spoolFolder: isOff(read.WEBHOOK_SPOOL) ? null : read.WEBHOOK_SPOOL,
      spoolMaxBytes: read.WEBHOOK_SPOOL_MAX,
    },
    api: apiSettings(read, { host: read.API_HOST, port: read.API_PORT }),
    payload,
    /** Whether anything was said about encryption. */
    payloadGiven: hasPayloadSettings(read),
    /** Port null: no metrics are served. */
    metrics: { host: read.METRICS_HOST, port: read.METRICS_PORT ?? null },
    logLevel: read.LOG_LEVEL,
    /** Folder null: what has to stand in the audit log is refused. */
    audit: {
      folder: isOff(read.AUDIT_LOG) ? null : read.AUDIT_LOG,
      keepMs: read.AUDIT_KEEP,
      keys: createAuditKeys(processName, read.AUDIT_KEY ?? null, payload.ring),
    },
  } as const;
}

/** What is set, without the white space at its ends: secrets come out of files, with a line's end, a carriage return or a byte order mark. */
function givenTexts(env: NodeJS.ProcessEnv, folder: string): Environment {
  const set = Object.entries({ ...dotEnv(folder), ...withoutOwnNoProxy(env) });
  return Object.fromEntries(set.flatMap(([name, text]) => (text === undefined ? [] : [[name, text.trim()]])));
}

/** The keys of an `npm start` in this folder, which makes them itself. What it has written can be verified after it has ended. */
function ownKeysOf(processName: ProcessName, temporalAddress: string, folder: string) {
  if (processName === 'dev') return null;
  return processName === 'verifier' ? readDevKeys(folder) : readRunningDevKeys(folder, temporalAddress);
}

/** The names of ours that are set, without what they are set to: for the audit log. */
export function namesSet(env = process.env, folder = process.cwd()): readonly string[] {
  const given = givenTexts(env, folder);
  const ours = namesOfOurs(given);
  return ours.filter((name) => given[name]).sort();
}

const text = setting('a value', (value) => value);
const host = setting('a host name or address', (value) => (/^[\w.:-]+$/.test(value) ? value : null));
const port = setting('a port, 0 to 65535', (value) => (/^\d{1,5}$/.test(value) && +value <= 65_535 ? +value : null));
const durationMs = setting(DURATION_EXPECTED, parseDurationMs);
const url = setting('an https URL (plain http on loopback only) without user, query or fragment', baseUrl);
const reportStore = setting('a store', (value) => {
  const judged = parseReportStore(value);
  return judged.ok ? judged.target : new Mistake(judged.expected);
});
const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/** Every variable of ours, with its form and what it is when not set. */
const VARIABLES = {
  HUMAN_API_CLIENT_ID: text.optional(),
  HUMAN_API_CLIENT_SECRET: text.optional(),
  HUMAN_API_AUTH_URL: url.prefault('https://auth.humanapi.co'),
  HUMAN_API_ADMIN_URL: url.prefault('https://admin.humanapi.co'),
  HUMAN_API_DATA_URL: url.prefault('https://api.humanapi.co'),
  HUMAN_API_MAX_CALLS_PER_SECOND: setting('a number above 0, at most 10000', (value) =>
    /^\d+(\.\d+)?$/.test(value) && +value > 0 && +value <= 10_000 ? +value : null,
  ).prefault('10'),
  // An invitation waits this long after an ambiguous answer before it looks again: minutes would help nobody.
  HUMAN_API_TIMEOUT: setting(`${DURATION_EXPECTED}; at most 5m`, (value) => {
    const timeoutMs = parseDurationMs(value);
    return timeoutMs !== null && timeoutMs <= 5 * MINUTE_MS ? timeoutMs : null;
  }).prefault('30s'),
  HUMAN_API_ENVELOPES: z.enum(['strict', 'lenient'], { error: 'strict or lenient' }).prefault('strict'),
  TASK_QUEUE: setting('1 to 200 letters, digits, ".", "_", ":" or "-"', (value) =>
    /^[\w.:-]{1,200}$/.test(value) ? value : null,
  ).prefault('chartway'),
  ...TEMPORAL_VARIABLES,
  ...DEPLOYMENT_VARIABLES,
  REPORT_STORE: reportStore.prefault('./reports'),
  REPORT_STORE_ID: setting('the id that `npm run chartway -- store init` printed: 32 hex digits', (value) =>
    /^[0-9a-f]{32}$/.test(value) ? value : null,
  ).optional(),
  REPORTS_ENCRYPTION: z.enum(['on', 'off'], { error: 'on or off' }).prefault('off'),
  ...RETENTION_VARIABLES,
  REFRESH_FOR: durationMs.default(30 * DAY_MS),
  // Temporal's schedules know whole seconds.
  SWEEP_EVERY: setting('a duration of whole seconds (10s, 5m, 6h, 1d), or off', (value) => {
    const everyMs = parseDurationMs(value);
    if (value === 'off') return value;
    return everyMs !== null && everyMs % SECOND_MS === 0 ? everyMs : null;
  }).default(DAY_MS),
  WEBHOOK_HOST: host.prefault('127.0.0.1'),
  WEBHOOK_PORT: port.prefault('3001'),
  WEBHOOK_SECRET: setting('one secret or several, comma-separated, none empty', separated(/./)).optional(),
  ...SIGNATURE_VARIABLES,
  ...tlsVariables('WEBHOOK'),
  WEBHOOK_TRUSTED_PROXIES: networks.optional(),
  WEBHOOK_SPOOL: text.prefault('.data/spool'),
  // A notice is some 200 bytes: a million of them.
  WEBHOOK_SPOOL_MAX: setting('an integer and a unit, KiB, MiB or GiB, above zero: 256MiB', parseBytes).prefault(
    '256MiB',
  ),
  API_HOST: host.prefault('127.0.0.1'),
  API_PORT: port.prefault('3000'),
  ...API_VARIABLES,
  METRICS_HOST: host.prefault('127.0.0.1'),
  METRICS_PORT: port.optional(),
  ...PAYLOAD_VARIABLES,
  ...POLICY_VARIABLES,
  AUDIT_LOG: text.prefault('.data/audit'),
  // Six years with their leap days: 45 CFR 164.316(b)(2).
  AUDIT_KEEP: setting(`${DURATION_EXPECTED}; 1d or longer`, (value) => {
    const keepMs = parseDurationMs(value);
    return keepMs !== null && keepMs >= DAY_MS ? keepMs : null;
  }).default(2_192 * DAY_MS),
  ...AUDIT_KEY_VARIABLES,
  LOG_LEVEL: setting('trace, debug, info, warn, error, fatal or silent', (value) => {
    const level = value.toLowerCase().replace(/^warning$/, 'warn');
    return LOG_LEVELS.find((known) => known === level) ?? null;
  }).prefault('info'),
};

/** Where a folder may be meant, OFF in capitals must not make one. */
function isOff(text: string): boolean {
  return /^\s*off\s*$/i.test(text);
}

/** Normalised to no slash at the end, so that a path can be put behind it. */
function baseUrl(text: string): string | null {
  if (!URL.canParse(text)) return null;
  const { protocol, hostname, username, password, href } = new URL(text);
  const secure = protocol === 'https:' || (protocol === 'http:' && isLoopbackHost(hostname));
  return secure && `${username}${password}` === '' && !/[?#]/.test(href) ? href.replace(/\/+$/, '') : null;
}

/** Whether one of the base URLs is off this machine; one that is malformed is another fault. */
function isReal(upstreams: readonly string[]): boolean {
  return upstreams.some((text) => baseUrl(text) !== null && !isLoopbackHost(new URL(text).hostname));
}

/** Of letters and digits: more than an attacker can try over a network. */
const SHORTEST_SECRET = 16;

/** Any of the three real hosts, which are what is meant where nothing is set. */
const REAL_UPSTREAM = 'https://api.humanapi.co';

/**
 * What the form cannot tell: what a process uses and has not, and what this version does not have. `ownKeys`: the process runs beside an
 * `npm start`, with its keys.
 */
function unmetBy(
  processName: ProcessName,
  set: Environment,
  { ownKeys }: { readonly ownKeys: boolean },
): ConfigurationFault[] {
  const faults: ConfigurationFault[] = [];
  const expect = (key: keyof typeof VARIABLES, met: boolean, expected: string) => {
    if (!met) faults.push(faultOf(key, expected, set));
  };
  const [id, secret] = [set['HUMAN_API_CLIENT_ID'], set['HUMAN_API_CLIENT_SECRET']];
  // With neither, `npm start` plays with the sandbox; one alone is a mistake.
  const credentials = processName === 'worker' || (processName === 'dev' && (id ?? secret) !== undefined);
  expect('HUMAN_API_CLIENT_ID', !credentials || id !== undefined, 'the client id that Human API gave you');
  const records = processName === 'starter' || processName === 'chartway' || processName === 'api';
  expect('AUDIT_LOG', !records || !isOff(set['AUDIT_LOG'] ?? ''), 'a folder: what is done here has to stand in it');
  expect('HUMAN_API_CLIENT_SECRET', !credentials || secret !== undefined, 'the client secret that Human API gave you');

  const upstreams = (['HUMAN_API_AUTH_URL', 'HUMAN_API_ADMIN_URL', 'HUMAN_API_DATA_URL'] as const).map(
    (key) => set[key] ?? REAL_UPSTREAM,
  );
  const is = (...names: readonly ProcessName[]) => names.includes(processName);
  // `npm start` without credentials plays with the sandbox, and with them makes keys of its own.
  const real = isReal(upstreams) && (!is('dev') || credentials);
  const mustEncrypt = real && !ownKeys && is('worker', 'webhook', 'api', 'starter', 'chartway');
  faults.push(...payloadFaults(set, mustEncrypt), ...auditKeyFaults(processName, set));
  if (is('worker', 'api')) {
    const keys = set['PAYLOAD_KEYS'] ?? set['PAYLOAD_KEYS_FILE'];
    expect('REPORTS_ENCRYPTION', set['REPORTS_ENCRYPTION'] !== 'on' || keys !== undefined, 'PAYLOAD_KEYS beside it');
    expect('REPORT_STORE', !/^\s*s3:/i.test(set['REPORT_STORE'] ?? ''), 'a folder: this version has no S3 store yet');
  }
  // Beside an `npm start`, its worker has chosen for the operator's commands.
  if (real && (is('worker', 'dev') || (is('chartway') && !ownKeys))) {
    const chosen = set['REPORTS_ENCRYPTION'] !== undefined;
    expect('REPORTS_ENCRYPTION', chosen, 'on, or off where reports may lie in REPORT_STORE unencrypted');
  }
  if (real && is('worker', 'api', 'starter', 'dev')) faults.push(...shortDeadlineFaults(set));
  if (processName === 'worker') faults.push(...retentionFaults(set, real), ...(real ? proxyFaults(set) : []));
  if (processName === 'api') faults.push(...apiFaults(set));
  if (processName === 'webhook') {
    faults.push(...signatureFaults(set), ...tlsFaults('WEBHOOK', set));
    const reachedByUsOnly = isLoopbackHost(set['WEBHOOK_HOST'] ?? '127.0.0.1') && !real;
    expect(
      'WEBHOOK_SECRET',
      set['WEBHOOK_SECRET'] !== undefined || reachedByUsOnly,
      'a secret, unless WEBHOOK_HOST and the three HUMAN_API_*_URL are loopback',
    );
    const secrets = (set['WEBHOOK_SECRET'] ?? '').split(',').map((part) => part.trim());
    expect(
      'WEBHOOK_SECRET',
      reachedByUsOnly || secrets.every(({ length }) => length >= SHORTEST_SECRET),
      `at least ${SHORTEST_SECRET} characters in each secret (a comma separates two), unless WEBHOOK_HOST and the three HUMAN_API_*_URL are loopback`,
    );
  }
  return faults;
}

/** A malformed one is a fault of the worker alone, because no other process calls Human API. */
function proxyOf(set: Environment) {
  const proxy = readProxy(set);
  return proxy === null || 'malformed' in proxy ? null : proxy;
}

function proxyFaults(set: Environment): ConfigurationFault[] {
  const proxy = readProxy(set);
  if (proxy === null || !('malformed' in proxy)) return [];
  // It may hold a password in any place.
  return [{ key: proxy.malformed, expected: PROXY_EXPECTED, came: 'a value that is not shown' }];
}

/** Names that are close to ours and unknown: a typo must not become the default. All others are other programs'. */
function unknownNames(given: Environment): ConfigurationFault[] {
  const known = namesOfOurs(given);
  return Object.keys(given).flatMap((key) => {
    const meant = known.includes(key) ? null : nameMeant(key, known);
    return meant === null ? [] : [{ key, expected: `a known name, such as ${meant}`, came: 'this' }];
  });
}

function namesOfOurs(given: Environment): readonly string[] {
  return [...Object.keys(VARIABLES), ...temporalNames(given)];
}

/** No file is no fault. */
function dotEnv(folder: string): Environment {
  try {
    return parse(readFileSync(path.join(folder, '.env')));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return {};
    throw new ConfigurationError([{ key: '.env', expected: 'a file that can be read', came: String(code) }]);
  }
}
