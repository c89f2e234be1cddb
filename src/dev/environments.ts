import { writeFileSync } from 'node:fs';
import path from 'node:path';

/** Of everything that is ours: the programs that are not (Temporal's server, the stand-in upstream) get no secret of ours to read. */
const OURS = /^(HUMAN_API_|TEMPORAL_|WEBHOOK_|API_|CODEC_|PAYLOAD_|AUDIT_|SANDBOX_)/;
/** What would turn a plain connection to this machine's server into another one. A `.env` may hold them too: set to nothing, they hide it. */
const OTHER_TEMPORAL = [
  ...['API_KEY', 'PROFILE', 'TLS', 'TLS_SERVER_NAME', 'TLS_DISABLE_HOST_VERIFICATION', 'CODEC_ENDPOINT', 'CODEC_AUTH'],
  ...['CLIENT_CERT', 'CLIENT_KEY', 'SERVER_CA_CERT'].flatMap((name) => [`TLS_${name}_PATH`, `TLS_${name}_DATA`]),
];

// The one client that the sandbox knows.
const SANDBOX_CLIENT = 'sandbox-client';

/** The environment for programs that are not ours. */
export function foreignEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !OURS.test(name)));
}

/** Leads our processes to the Temporal server of this machine, whatever the person's own configuration of Temporal says. */
export function temporalEnvironment(address: string, namespace: string, dataFolder: string): Record<string, string> {
  // Instead of the one in the home folder.
  const file = path.resolve(dataFolder, 'temporal-client.toml');
  writeFileSync(file, `[profile.default]\naddress = "${address}"\n`);
  return {
    ...Object.fromEntries(OTHER_TEMPORAL.map((name) => [`TEMPORAL_${name}`, ''])),
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: namespace,
    TEMPORAL_CONFIG_FILE: file,
  };
}

/** For the sandbox, which posts its notices with the webhook's secret. */
export function sandboxEnvironment(env: NodeJS.ProcessEnv, secrets: { client: string; webhook: string }) {
  // What is to go wrong is the person's to say; the rest is ours, which lead it to our webhook and our folder.
  const play = ['SANDBOX_SCENARIO', 'SANDBOX_SEED'].flatMap((name) => (env[name] ? [[name, env[name]]] : []));
  return {
    ...foreignEnvironment(env),
    ...Object.fromEntries(play),
    SANDBOX_CLIENT_ID: SANDBOX_CLIENT,
    SANDBOX_CLIENT_SECRET: secrets.client,
    SANDBOX_WEBHOOK_SECRET: secrets.webhook,
  };
}

/** For the webhook. What is not given is as the person set it. */
export function webhookEnvironment(
  env: NodeJS.ProcessEnv,
  listening: { readonly host: string; readonly port: number; readonly scheme: 'http' | 'https' },
  given: { readonly auditKey: string; readonly secret?: string; readonly spoolFolder?: string },
): NodeJS.ProcessEnv {
  return {
    ...env,
    WEBHOOK_HOST: listening.host,
    WEBHOOK_PORT: String(listening.port),
    // Nothing hides those in `.env`, with which the other processes sign.
    AUDIT_KEY: given.auditKey,
    ...(listening.scheme === 'http' ? { WEBHOOK_TLS_CERT_FILE: '', WEBHOOK_TLS_KEY_FILE: '' } : {}),
    ...(given.secret === undefined ? {} : { WEBHOOK_SECRET: given.secret }),
    ...(given.spoolFolder === undefined ? {} : { WEBHOOK_SPOOL: given.spoolFolder }),
  };
}

/**
 * For the api beside a Temporal server of ours: Temporal's UI, which has no login either, shows payloads in clear with nothing to set. Only
 * who is on this machine reaches both.
 */
export function openApiEnvironment(env: NodeJS.ProcessEnv, port: number, uiPort: number): NodeJS.ProcessEnv {
  return {
    ...env,
    API_HOST: '127.0.0.1',
    API_PORT: String(port),
    API_ORIGINS: '',
    API_TLS_CERT_FILE: '',
    API_TLS_KEY_FILE: '',
    CODEC_ENDPOINT: 'open',
    CODEC_UI_ORIGIN: `http://127.0.0.1:${uiPort},http://localhost:${uiPort}`,
  };
}

/** Where a process serves its metrics; null: nowhere. */
export function metricsEnvironment(port: number | null): NodeJS.ProcessEnv {
  return { METRICS_PORT: port === null ? '' : String(port) };
}

/** Leads our processes to the sandbox. */
export function sandboxedEnvironment(sandbox: string, clientSecret: string): Record<string, string> {
  return {
    HUMAN_API_AUTH_URL: `${sandbox}/auth`,
    HUMAN_API_ADMIN_URL: `${sandbox}/admin`,
    HUMAN_API_DATA_URL: `${sandbox}/data`,
    HUMAN_API_CLIENT_ID: SANDBOX_CLIENT,
    HUMAN_API_CLIENT_SECRET: clientSecret,
    // The real one's limit would make a minute's story wait in line.
    HUMAN_API_MAX_CALLS_PER_SECOND: '50',
  };
}
