import { z } from 'zod';
import { RETENTION_VARIABLES, toRetentionMs } from './activities/retention-settings';
import { API_VARIABLES, apiSettings } from './api/settings';
import type { ProcessName } from './configuration/process-name';
import { findRequirementFaults } from './configuration/requirement-faults';
import { readSources, readTexts } from './configuration/sources';
import { baseUrl, isRemote } from './configuration/upstream-urls';
import { DAY_MS, DURATION_EXPECTED, MINUTE_MS, parseDurationMs, SECOND_MS } from './domain/policy';
import { EVENTS_VARIABLES, eventsSettings } from './events/settings';
import { readProxy } from './human-api/proxy-settings';
import {
  ConfigurationError,
  type ConfigurationFault,
  describeFault,
  type Environment,
  findIntendedName,
} from './process/configuration-fault';
import { networks } from './process/networks';
import { isOff, parseList, parseMatch, SettingFault, setting } from './process/setting';
import { tlsFiles, tlsVariables } from './process/tls-settings';
import { parseReportStore } from './report-store/store';
import { parseBytes } from './spool/bytes';
import { AUDIT_KEY_VARIABLES, createAuditKeys, selectWebhookKeys } from './temporal/audit-keys';
import { createCipher, type KeyRing } from './temporal/key-ring';
import { hasPayloadSettings, PAYLOAD_VARIABLES, readPayloadSettings } from './temporal/payload-settings';
import { POLICY_VARIABLES, toPolicy } from './temporal/policy-settings';
import {
  DEPLOYMENT_VARIABLES,
  plaintextFaults,
  TEMPORAL_VARIABLES,
  type TemporalEnvironment,
  temporalNames,
} from './temporal/settings';
import { SIGNATURE_VARIABLES, signatureSettings } from './webhook/signature-settings';

export type { ProcessName } from './configuration/process-name';

/** The checked configuration. */
export type Config = ReturnType<typeof toConfig>;
export type WorkerConfig = Config & { readonly humanApi: { readonly clientId: string; readonly clientSecret: string } };

/**
 * Reads the environment, and the `.env` of `folder` for variables that are not in it. An empty or blank variable counts as not set, but in the
 * environment it still hides the one in `.env`.
 * @throws ConfigurationError
 */
export function readConfig(process: 'worker', env?: NodeJS.ProcessEnv, folder?: string): WorkerConfig;
export function readConfig(process: ProcessName, env?: NodeJS.ProcessEnv, folder?: string): Config;
export function readConfig(processName: ProcessName, env = process.env, folder = process.cwd()): Config {
  const sources = readSources(processName, env, folder);
  const { texts, set, temporal } = sources;
  const checked = z.object(VARIABLES).safeParse(set);
  const all = [
    ...sources.faults,
    ...(checked.error?.issues ?? []).map(({ path: [key], message }) => describeFault(String(key), message, set)),
    ...('connection' in temporal ? [] : temporal),
    ...('connection' in temporal && processName !== 'verifier' ? plaintextFaults(temporal, set) : []),
    ...findRequirementFaults(processName, set, sources),
    ...unknownNameFaults(texts),
  ];
  // One fault per variable.
  const faults = all.filter(({ key }, index) => all.findIndex((other) => other.key === key) === index);
  if (faults.length > 0 || !checked.success || !('connection' in temporal)) {
    const isLacking = faults.some(({ key }) => key === 'PAYLOAD_KEYS');
    throw new ConfigurationError(faults, isLacking ? sources.describeMissingKeys() : null);
  }
  return toConfig(processName, checked.data, temporal, sources.devKeys, set);
}

function toConfig(
  processName: ProcessName,
  read: z.output<z.ZodObject<typeof VARIABLES>>,
  { hasServer, ...temporal }: TemporalEnvironment,
  devKeys: KeyRing | null,
  set: Environment,
) {
  const payload = readPayloadSettings(read, devKeys);
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
    hasRealUpstream: isRemote([read.HUMAN_API_AUTH_URL, read.HUMAN_API_ADMIN_URL, read.HUMAN_API_DATA_URL]),
    temporal,
    /** False: the address above is the default. */
    hasTemporalServer: hasServer,
    taskQueue: read.TASK_QUEUE,
    deployment: { name: read.WORKER_DEPLOYMENT_NAME ?? null, buildId: read.WORKER_BUILD_ID ?? null },
    reportStore: read.REPORT_STORE,
    /** The id in its `.chartway/store.json`; null: any id is accepted. */
    reportStoreId: read.REPORT_STORE_ID ?? null,
    /** Encrypted files stay readable while their key is listed, also when new files are not encrypted. */
    reportsAtRest: { cipher: payload.ring && createCipher(payload.ring), encrypts: read.REPORTS_ENCRYPTION === 'on' },
    policy: toPolicy(read),
    refreshForMs: read.REFRESH_FOR,
    /** Null: no applicant is erased because of its age. */
    retentionMs: toRetentionMs(read),
    /** Null: no scheduled sweep. */
    sweepEveryMs: read.SWEEP_EVERY === 'off' ? null : read.SWEEP_EVERY,
    webhook: {
      host: read.WEBHOOK_HOST,
      port: read.WEBHOOK_PORT,
      /** The entries of `AUDIT_KEY` that sign its chains, for the `npm start` that starts it. */
      auditKey: selectWebhookKeys(set['AUDIT_KEY'] ?? ''),
      /** Each is valid; several during a replacement. */
      secrets: read.WEBHOOK_SECRET ?? [],
      /** Networks of proxies whose `X-Forwarded-For` is trusted. */
      trustedProxies: read.WEBHOOK_TRUSTED_PROXIES ?? [],
      signature: signatureSettings(read, read.HUMAN_API_CLIENT_SECRET),
      tls: tlsFiles(read.WEBHOOK_TLS_CERT_FILE, read.WEBHOOK_TLS_KEY_FILE),
      /** Null: no spool. */
      spoolFolder: isOff(read.WEBHOOK_SPOOL) ? null : read.WEBHOOK_SPOOL,
      spoolMaxBytes: read.WEBHOOK_SPOOL_MAX,
    },
    api: apiSettings(read, { host: read.API_HOST, port: read.API_PORT }),
    events: eventsSettings(read),
    payload,
    /** Whether any variable of the payload encryption is set. */
    hasPayloadSettings: hasPayloadSettings(read),
    /** Port null: no metrics. */
    metrics: { host: read.METRICS_HOST, port: read.METRICS_PORT ?? null },
    logLevel: read.LOG_LEVEL,
    /** Folder null: acts that must be recorded are rejected. */
    audit: {
      folder: isOff(read.AUDIT_LOG) ? null : read.AUDIT_LOG,
      keepMs: read.AUDIT_KEEP,
      keys: createAuditKeys(processName, read.AUDIT_KEY ?? null, payload.ring),
    },
  } as const;
}

/** The names of our variables that are set. The audit log records them. */
export function listSetNames(env = process.env, folder = process.cwd()): readonly string[] {
  const texts = readTexts(env, folder);
  return knownNames(texts)
    .filter((name) => texts[name])
    .sort();
}

const text = setting('a value', (value) => value);
const host = setting('a host name or address', parseMatch(/^[\w.:-]+$/));
const port = setting('a port, 0 to 65535', (value) => (/^\d{1,5}$/.test(value) && +value <= 65_535 ? +value : null));
const durationMs = setting(DURATION_EXPECTED, parseDurationMs);
const url = setting('an https URL (plain http on loopback only) without user, query or fragment', baseUrl);
const reportStore = setting('a store', (value) => {
  const parsed = parseReportStore(value);
  return parsed.ok ? parsed.target : new SettingFault(parsed.expected);
});
const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/** All variables with their form and default. */
const VARIABLES = {
  HUMAN_API_CLIENT_ID: text.optional(),
  HUMAN_API_CLIENT_SECRET: text.optional(),
  HUMAN_API_AUTH_URL: url.prefault('https://auth.humanapi.co'),
  HUMAN_API_ADMIN_URL: url.prefault('https://admin.humanapi.co'),
  HUMAN_API_DATA_URL: url.prefault('https://api.humanapi.co'),
  HUMAN_API_MAX_CALLS_PER_SECOND: setting('a number above 0, at most 10000', (value) =>
    /^\d+(\.\d+)?$/.test(value) && +value > 0 && +value <= 10_000 ? +value : null,
  ).prefault('10'),
  // An invitation also waits this long before it checks the effect of an ambiguous answer.
  HUMAN_API_TIMEOUT: setting(`${DURATION_EXPECTED}; at most 5m`, (value) => {
    const timeoutMs = parseDurationMs(value);
    return timeoutMs !== null && timeoutMs <= 5 * MINUTE_MS ? timeoutMs : null;
  }).prefault('30s'),
  HUMAN_API_ENVELOPES: z.enum(['strict', 'lenient'], { error: 'strict or lenient' }).prefault('strict'),
  TASK_QUEUE: setting('1 to 200 letters, digits, ".", "_", ":" or "-"', parseMatch(/^[\w.:-]{1,200}$/)).prefault(
    'chartway',
  ),
  ...TEMPORAL_VARIABLES,
  ...DEPLOYMENT_VARIABLES,
  REPORT_STORE: reportStore.prefault('./reports'),
  REPORT_STORE_ID: setting(
    '32 hex digits, as `npm run chartway -- store init` prints them',
    parseMatch(/^[0-9a-f]{32}$/),
  ).optional(),
  REPORTS_ENCRYPTION: z.enum(['on', 'off'], { error: 'on or off' }).prefault('off'),
  ...RETENTION_VARIABLES,
  REFRESH_FOR: durationMs.default(30 * DAY_MS),
  // Temporal's schedules have a resolution of one second.
  SWEEP_EVERY: setting('a duration of whole seconds (10s, 5m, 6h, 1d), or off', (value) => {
    const everyMs = parseDurationMs(value);
    if (value === 'off') return value;
    return everyMs !== null && everyMs % SECOND_MS === 0 ? everyMs : null;
  }).default(DAY_MS),
  WEBHOOK_HOST: host.prefault('127.0.0.1'),
  WEBHOOK_PORT: port.prefault('3001'),
  WEBHOOK_SECRET: setting('one secret or several, comma-separated, none empty', parseList()).optional(),
  ...SIGNATURE_VARIABLES,
  ...tlsVariables('WEBHOOK'),
  WEBHOOK_TRUSTED_PROXIES: networks.optional(),
  WEBHOOK_SPOOL: text.prefault('.data/spool'),
  // A notice has about 200 bytes, so the default holds a million.
  WEBHOOK_SPOOL_MAX: setting('an integer and a unit, KiB, MiB or GiB, above zero: 256MiB', parseBytes).prefault(
    '256MiB',
  ),
  API_HOST: host.prefault('127.0.0.1'),
  API_PORT: port.prefault('3000'),
  ...API_VARIABLES,
  ...EVENTS_VARIABLES,
  METRICS_HOST: host.prefault('127.0.0.1'),
  METRICS_PORT: port.optional(),
  ...PAYLOAD_VARIABLES,
  ...POLICY_VARIABLES,
  AUDIT_LOG: text.prefault('.data/audit'),
  // Six years: 45 CFR 164.316(b)(2).
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

/** A malformed proxy is a fault of the worker only, because no other process calls Human API. */
function proxyOf(set: Environment) {
  const proxy = readProxy(set);
  return proxy === null || 'malformed' in proxy ? null : proxy;
}

/** Unknown names that are similar to ours, so that a typo does not go unnoticed. Other names belong to other programs. */
function unknownNameFaults(texts: Environment): ConfigurationFault[] {
  const known = knownNames(texts);
  return Object.keys(texts).flatMap((key) => {
    const intended = known.includes(key) ? null : findIntendedName(key, known);
    return intended === null ? [] : [{ key, expected: `${intended}, or another known name`, got: 'an unknown name' }];
  });
}

function knownNames(texts: Environment): readonly string[] {
  return [...Object.keys(VARIABLES), ...temporalNames(texts)];
}
