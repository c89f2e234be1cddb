import { writeFileSync } from 'node:fs';
import path from 'node:path';

/** Chartway's variables. Other programs (Temporal's server, the sandbox) do not inherit them, because they contain secrets. */
const OWN_VARIABLES = /^(HUMAN_API_|TEMPORAL_|WEBHOOK_|API_|CODEC_|PAYLOAD_|AUDIT_|SANDBOX_)/;
/** Settings of another Temporal connection. They are set to nothing, because `.env` may contain them too. */
const OTHER_TEMPORAL = [
  ...['API_KEY', 'PROFILE', 'TLS', 'TLS_SERVER_NAME', 'TLS_DISABLE_HOST_VERIFICATION', 'CODEC_ENDPOINT', 'CODEC_AUTH'],
  ...['CLIENT_CERT', 'CLIENT_KEY', 'SERVER_CA_CERT'].flatMap((name) => [`TLS_${name}_PATH`, `TLS_${name}_DATA`]),
];

/** The only client of the sandbox. */
const SANDBOX_CLIENT = 'sandbox-client';

/** For programs that are not part of Chartway. */
export function thirdPartyEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !OWN_VARIABLES.test(name)));
}

/** Connects a process to the dev server, whatever the user's own configuration of Temporal contains. */
export function temporalEnvironment(address: string, namespace: string, dataFolder: string): Record<string, string> {
  // Replaces the file in the home folder.
  const file = path.resolve(dataFolder, 'temporal-client.toml');
  writeFileSync(file, `[profile.default]\naddress = "${address}"\n`);
  return {
    ...Object.fromEntries(OTHER_TEMPORAL.map((name) => [`TEMPORAL_${name}`, ''])),
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: namespace,
    TEMPORAL_CONFIG_FILE: file,
  };
}

/** For the sandbox. The user may set its scenario and seed only, because the ports and folders of this stack are fixed. */
export function sandboxEnvironment(env: NodeJS.ProcessEnv, secrets: { client: string; webhook: string }) {
  const settings = ['SANDBOX_SCENARIO', 'SANDBOX_SEED'].flatMap((name) => (env[name] ? [[name, env[name]]] : []));
  return {
    ...thirdPartyEnvironment(env),
    ...Object.fromEntries(settings),
    SANDBOX_CLIENT_ID: SANDBOX_CLIENT,
    SANDBOX_CLIENT_SECRET: secrets.client,
    SANDBOX_WEBHOOK_SECRET: secrets.webhook,
  };
}

/** What `npm start` chose itself, for commands in its folder. `temporal`: null for a server that it did not start, because the user configures it. */
export function commandSettings({
  temporal,
  taskQueue,
  webhook,
  spoolFolder,
  policy,
}: {
  readonly temporal: { readonly address: string; readonly namespace: string } | null;
  readonly taskQueue: string;
  readonly webhook: { readonly host: string; readonly port: number; readonly hasTls: boolean };
  readonly spoolFolder?: string;
  /** Of the applicants that the commands start. */
  readonly policy: Readonly<Record<string, string>>;
}): Record<string, string> {
  return {
    ...policy,
    ...(temporal === null ? {} : { TEMPORAL_ADDRESS: temporal.address, TEMPORAL_NAMESPACE: temporal.namespace }),
    TASK_QUEUE: taskQueue,
    WEBHOOK_HOST: webhook.host,
    WEBHOOK_PORT: String(webhook.port),
    ...(webhook.hasTls ? {} : { WEBHOOK_TLS_CERT_FILE: '', WEBHOOK_TLS_KEY_FILE: '' }),
    ...(spoolFolder === undefined ? {} : { WEBHOOK_SPOOL: spoolFolder }),
  };
}

/** For the webhook. Settings that are missing here stay as the user set them. */
export function webhookEnvironment(
  env: NodeJS.ProcessEnv,
  webhook: { host: string; port: number; hasTls: boolean; auditKey: string; secret?: string; spoolFolder?: string },
): NodeJS.ProcessEnv {
  return {
    ...env,
    WEBHOOK_HOST: webhook.host,
    WEBHOOK_PORT: String(webhook.port),
    // Hides the keys of the other processes, which `.env` may contain.
    AUDIT_KEY: webhook.auditKey,
    ...(webhook.hasTls ? {} : { WEBHOOK_TLS_CERT_FILE: '', WEBHOOK_TLS_KEY_FILE: '' }),
    ...(webhook.secret === undefined ? {} : { WEBHOOK_SECRET: webhook.secret }),
    ...(webhook.spoolFolder === undefined ? {} : { WEBHOOK_SPOOL: webhook.spoolFolder }),
  };
}

/**
 * For the api, which listens on loopback only. `uiPort`: of the dev server's UI; null: Temporal is another server. The api decrypts payloads for that UI
 * without a login, because the UI has none, but only if the people are fictitious.
 */
export function localApiEnvironment(
  env: NodeJS.ProcessEnv,
  api: { readonly port: number; readonly keys: string; readonly uiPort: number | null; readonly hasSandbox: boolean },
): NodeJS.ProcessEnv {
  const codecUiPort = api.hasSandbox ? api.uiPort : null;
  return {
    ...env,
    API_HOST: '127.0.0.1',
    API_PORT: String(api.port),
    API_KEYS: api.keys,
    API_ONE_TIME_SESSIONS: 'on',
    API_ORIGINS: '',
    API_TLS_CERT_FILE: '',
    API_TLS_KEY_FILE: '',
    CODEC_ENDPOINT: codecUiPort === null ? 'off' : 'open',
    CODEC_UI_ORIGIN: codecUiPort === null ? '' : `http://127.0.0.1:${codecUiPort},http://localhost:${codecUiPort}`,
  };
}

/** Connects a process to the sandbox. */
export function sandboxUpstreamEnvironment(sandboxUrl: string, clientSecret: string): Record<string, string> {
  return {
    HUMAN_API_AUTH_URL: `${sandboxUrl}/auth`,
    HUMAN_API_ADMIN_URL: `${sandboxUrl}/admin`,
    HUMAN_API_DATA_URL: `${sandboxUrl}/data`,
    HUMAN_API_CLIENT_ID: SANDBOX_CLIENT,
    HUMAN_API_CLIENT_SECRET: clientSecret,
    // The default would delay stories that take one minute.
    HUMAN_API_MAX_CALLS_PER_SECOND: '50',
  };
}
