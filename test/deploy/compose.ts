import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse as parseVariables } from 'dotenv';
import { parse } from 'yaml';

const ROOT = join(__dirname, '..', '..');

/** A service of docker-compose.yml, as far as this project uses the specification. */
export interface Service {
  readonly image: string;
  readonly build?: { readonly context: string; readonly target: string };
  readonly profiles: readonly string[];
  readonly command?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly environment?: Readonly<Record<string, string | number>>;
  readonly env_file?: readonly string[];
  readonly secrets?: readonly (string | { readonly source: string; readonly target: string })[];
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly networks?: readonly string[];
  readonly network_mode?: string;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test?: readonly string[]; readonly disable?: boolean };
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly stop_grace_period?: string;
  readonly mem_limit?: string;
  readonly pids_limit?: number;
  readonly ulimits?: { readonly core?: number };
}

/** docker-compose.yml, anchors and merges resolved. */
export interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
  readonly networks: Readonly<Record<string, unknown>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
}

/** As the YAML says it, for a schema to judge. */
export function composeDocument(): Record<string, unknown> {
  return parse(readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8'), { merge: true });
}

export function readCompose(): Compose {
  return composeDocument() as unknown as Compose;
}

export function serviceOf(name: string): Service {
  const service = readCompose().services[name];
  if (service === undefined) throw new Error(`expected a service ${name} in docker-compose.yml`);
  return service;
}

/** The variables of a service but for its secrets: its files in order, then what stands beside it. What the operator copies from an example is read from that. */
export function variablesOf({ env_file = [], environment = {} }: Service): Record<string, string> {
  const files = env_file.map((file) => (existsSync(join(ROOT, `${file}.example`)) ? `${file}.example` : file));
  const texts = files.map((file) => parseVariables(readFileSync(join(ROOT, file))));
  const beside = Object.entries(environment).map(([name, value]) => [name, String(value)]);
  return Object.assign({}, ...texts, Object.fromEntries(beside));
}

/** Which secret lies under which name in a service. */
export function secretsOf({ secrets = [] }: Service): readonly { readonly source: string; readonly target: string }[] {
  return secrets.map((secret) => (typeof secret === 'string' ? { source: secret, target: secret } : secret));
}

/** Which process of ours a service runs; null: it is somebody else's image. */
export function processOf({ image, entrypoint = [], command = [] }: Service): string | null {
  if (!isOurs(image)) return null;
  return entrypoint[2] ?? command[0] ?? null;
}

/** Whether an image is built here. */
export function isOurs(image: string): boolean {
  return /^chartway(-sandbox)?:/.test(image);
}
