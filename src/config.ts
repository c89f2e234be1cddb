import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'dotenv';
import { z } from 'zod';
import { RETENTION_VARIABLES, retentionFaults, retentionMsOf } from './activities/retention-settings';
import { API_VARIABLES, apiFaults, apiSettings } from './api/settings';
import {
  DAY_MS,
  DEFAULT_POLICY,
  DURATION_EXPECTED,
  MINUTE_MS,
  type Policy,
  parseDurationMs,
  SECOND_MS,
} from './domain/policy';
import { parseWanted } from './domain/reports';
import {
  ConfigurationError,
  type ConfigurationFault,
  type Environment,
  faultOf,
  nearestName,
} from './observability/configuration-fault';
import { Mistake, separated, setting } from './observability/setting';
import { tlsFaults, tlsFiles, tlsVariables } from './observability/tls-settings';
import { parseReportStore } from './report-store/store';
import { parseBytes } from './spool/bytes';
import { DEPLOYMENT_VARIABLES } from './temporal/deployment';
import { createSeal } from './temporal/key-ring';
import { isPayloadGiven, PAYLOAD_VARIABLES, payloadFaults, payloadSettings } from './temporal/payload-settings';
import { type GivenTemporalSettings, readTemporalSettings, temporalNames } from './temporal/settings';
import { SIGNATURE_VARIABLES, signatureFaults, signatureSettings } from './webhook/signature-settings';

export { exitOnConfigurationError } from './observability/configuration-fault';

/** Who reads: every process checks the form of all that is set, and requires only what it uses itself. */
export type ProcessName = 'worker' | 'webhook' | 'api' | 'starter' | 'chartway' | 'dev';

/** Everything that the environment says, checked. */
export type Config = ReturnType<typeof configOf>;
/** What a worker cannot be without. */
export type WorkerConfig = Config & { readonly humanApi: { readonly clientId: string; readonly clientSecret: string } };

/**
 * Reads the environment and, behind it, the `.env` of `folder`. A variable set to nothing counts as not set; in the environment it still hides the one in `.env`.
 * @throws ConfigurationError
 */
export function readConfig(process: 'worker', env?: NodeJS.ProcessEnv, folder?: string): WorkerConfig;
export function readConfig(process: ProcessName, env?: NodeJS.ProcessEnv, folder?: string): Config;
export function readConfig(processName: ProcessName, env = process.env, folder = process.cwd()): Config {
  const given = Object.fromEntries(
    Object.entries({ ...dotEnv(folder), ...env }).flatMap(([name, text]) => (text === undefined ? [] : [[name, text]])),
  );
  const set = Object.fromEntries(Object.entries(given).filter(([, text]) => text !== ''));
  const checked = z.object(VARIABLES).safeParse(set);
  const temporal = readTemporalSettings(set);
  const found = [
    ...(checked.error?.issues ?? []).map(({ path: [key], message }) => faultOf(String(key), message, set)),
    ...('connection' in temporal ? [] : temporal),
    ...unmetBy(processName, set),
    ...unknownNames(given),
  ];
  // One fault a variable: what is malformed need not also be unavailable.
  const faults = found.filter(({ key }, index) => found.findIndex((other) => other.key === key) === index);
  if (faults.length > 0 || !checked.success || !('connection' in temporal)) throw new ConfigurationError(faults);
  return configOf(checked.data, temporal, processName === 'dev' ? null : folder);
}

function configOf(
  read: z.output<z.ZodObject<typeof VARIABLES>>,
  { serverGiven, ...temporal }: GivenTemporalSettings,
  folder: string | null,
) {
  const payload = payloadSettings(read, temporal.connection.address, folder);
  const policy: Policy = {
    pollMs: {
      invited: read.POLL_INVITED,
      engaged: read.POLL_ENGAGED,
      syncing: read.POLL_SYNCING,
      attention: read.POLL_ATTENTION,
      someSynced: read.POLL_SOME_SYNCED,
      disconnected: read.POLL_DISCONNECTED,
    },
    settleMs: { allSynced: read.SETTLE_ALL_SYNCED, someSynced: read.SETTLE_SOME_SYNCED, error: read.SETTLE_ERROR },
    expiresMs: { invitation: read.INVITATION_EXPIRES_AFTER, applicant: read.APPLICANT_EXPIRES_AFTER },
    wanted: read.REPORTS,
  };
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
    },
    temporal,
    /** Whether something named a Temporal server; if not, the address above is the default. */
    temporalGiven: serverGiven,
    taskQueue: read.TASK_QUEUE,
    deployment: { name: read.WORKER_DEPLOYMENT_NAME ?? null, buildId: read.WORKER_BUILD_ID ?? null },
    reportStore: read.REPORT_STORE,
    /** What is encrypted can be read for as long as its key is listed, whatever is written from now on. */
    reportsAtRest: { seal: payload.ring && createSeal(payload.ring), encrypts: read.REPORTS_ENCRYPTION === 'on' },
    policy,
    refreshForMs: read.REFRESH_FOR,
    /** Null: nothing is erased by age. */
    retentionMs: retentionMsOf(read),
    /** Null: no sweep by schedule. */
    sweepEveryMs: read.SWEEP_EVERY === 'off' ? null : read.SWEEP_EVERY,
    webhook: {
      host: read.WEBHOOK_HOST,
      port: read.WEBHOOK_PORT,
      /** Each is good; several while one is being replaced. */
      secrets: read.WEBHOOK_SECRET ?? [],
      signature: signatureSettings(read, read.HUMAN_API_CLIENT_SECRET),
      tls: tlsFiles(read.WEBHOOK_TLS_CERT_FILE, read.WEBHOOK_TLS_KEY_FILE),
      /** Null: no spool. */
      spoolFolder: isOff(read.WEBHOOK_SPOOL) ? null : read.WEBHOOK_SPOOL,
      spoolMaxBytes: read.WEBHOOK_SPOOL_MAX,
    },
    api: apiSettings(read, { host: read.API_HOST, port: read.API_PORT }),
    payload,
    /** Whether anything was said about encryption. */
    payloadGiven: isPayloadGiven(read),
    /** Port null: no metrics are served. */
    metrics: { host: read.METRICS_HOST, port: read.METRICS_PORT ?? null },
    logLevel: read.LOG_LEVEL,
    /** Folder null: what has to stand in the audit log is refused. */
    audit: { folder: isOff(read.AUDIT_LOG) ? null : read.AUDIT_LOG, keepMs: read.AUDIT_KEEP },
  } as const;
}

/** The names of ours that are set, without what they are set to: for the audit log. */
export function namesSet(env = process.env, folder = process.cwd()): readonly string[] {
  const given = Object.entries({ ...dotEnv(folder), ...env });
  return given.flatMap(([name, value]) => (value && PREFIXES.test(name) ? [name] : [])).sort();
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
const wanted = setting('reports', (value) => {
  const judged = parseWanted(value);
  return judged.ok ? judged.wanted : new Mistake(judged.expected);
});
const PREFIXES =
  /^(HUMAN_API_|TEMPORAL_|TASK_QUE|WORKER_(?:DEPLOY|BUILD)|REPORT|REFRESH_|SWEEP_|WEBHOOK_|API_|CODEC_|METRICS_|PAYLOAD_|POLL_|SETTLE_|INVITATION_|APPLICANT_|LOG_LEVEL|AUDIT_)/;

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
  ...DEPLOYMENT_VARIABLES,
  REPORT_STORE: reportStore.prefault('./reports'),
  REPORTS_ENCRYPTION: z.enum(['on', 'off'], { error: 'on or off' }).prefault('off'),
  REPORTS: wanted.default(DEFAULT_POLICY.wanted),
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
  POLL_INVITED: durationMs.default(DEFAULT_POLICY.pollMs.invited),
  POLL_ENGAGED: durationMs.default(DEFAULT_POLICY.pollMs.engaged),
  POLL_SYNCING: durationMs.default(DEFAULT_POLICY.pollMs.syncing),
  POLL_ATTENTION: durationMs.default(DEFAULT_POLICY.pollMs.attention),
  POLL_SOME_SYNCED: durationMs.default(DEFAULT_POLICY.pollMs.someSynced),
  POLL_DISCONNECTED: durationMs.default(DEFAULT_POLICY.pollMs.disconnected),
  SETTLE_ALL_SYNCED: durationMs.default(DEFAULT_POLICY.settleMs.allSynced),
  SETTLE_SOME_SYNCED: durationMs.default(DEFAULT_POLICY.settleMs.someSynced),
  SETTLE_ERROR: durationMs.default(DEFAULT_POLICY.settleMs.error),
  INVITATION_EXPIRES_AFTER: durationMs.default(DEFAULT_POLICY.expiresMs.invitation),
  APPLICANT_EXPIRES_AFTER: durationMs.default(DEFAULT_POLICY.expiresMs.applicant),
  AUDIT_LOG: text.prefault('.data/audit'),
  // Six years with their leap days: 45 CFR 164.316(b)(2).
  AUDIT_KEEP: durationMs.default(2_192 * DAY_MS),
  LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], {
      error: 'trace, debug, info, warn, error, fatal or silent',
    })
    .prefault('info'),
};

/** Where a folder may be meant, OFF in capitals must not make one. */
function isOff(text: string): boolean {
  return /^\s*off\s*$/i.test(text);
}

/** Normalised to no slash at the end, so that a path can be put behind it. */
function baseUrl(text: string): string | null {
  if (!URL.canParse(text)) return null;
  const { protocol, hostname, username, password, href } = new URL(text);
  const secure = protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname));
  return secure && `${username}${password}` === '' && !/[?#]/.test(href) ? href.replace(/\/+$/, '') : null;
}

function isLoopback(hostname: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/.test(hostname);
}

/** Any of the three real hosts, which are what is meant where nothing is set. */
const REAL_UPSTREAM = 'https://api.humanapi.co';

/** What the form cannot tell: what a process uses and has not, and what this version does not have. */
function unmetBy(processName: ProcessName, set: Environment): ConfigurationFault[] {
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
  const leavesMachine = (text: string) => baseUrl(text) !== null && !isLoopback(new URL(text).hostname);
  faults.push(...payloadFaults(set, processName === 'worker' && upstreams.some(leavesMachine)));
  if (processName === 'worker' || processName === 'api') {
    const keys = set['PAYLOAD_KEYS'] ?? set['PAYLOAD_KEYS_FILE'];
    expect('REPORTS_ENCRYPTION', set['REPORTS_ENCRYPTION'] !== 'on' || keys !== undefined, 'PAYLOAD_KEYS beside it');
    expect('REPORT_STORE', !/^\s*s3:/i.test(set['REPORT_STORE'] ?? ''), 'a folder: this version has no S3 store yet');
  }
  if (processName === 'worker') faults.push(...retentionFaults(set, upstreams.some(leavesMachine)));
  if (processName === 'api') faults.push(...apiFaults(set));
  if (processName === 'webhook') {
    faults.push(...signatureFaults(set), ...tlsFaults('WEBHOOK', set));
    const reachedByUsOnly = isLoopback(set['WEBHOOK_HOST'] ?? '127.0.0.1') && !upstreams.some(leavesMachine);
    expect(
      'WEBHOOK_SECRET',
      set['WEBHOOK_SECRET'] !== undefined || reachedByUsOnly,
      'a secret, unless WEBHOOK_HOST and the three HUMAN_API_*_URL are loopback',
    );
  }
  return faults;
}

/** Names that begin like ours and are not: a typo must not become the default. */
function unknownNames(given: Environment): ConfigurationFault[] {
  const known = [...Object.keys(VARIABLES), ...temporalNames(given)];
  const unknown = Object.keys(given).filter((name) => PREFIXES.test(name) && !known.includes(name));
  return unknown.map((key) => ({ key, expected: `a known name, such as ${nearestName(key, known)}`, came: 'this' }));
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
