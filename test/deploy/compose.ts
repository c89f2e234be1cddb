import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse as parseVariables } from 'dotenv';
import { parse } from 'yaml';

const ROOT = join(__dirname, '..', '..');

/** A service of docker-compose.yml: the keys of the specification that this project uses. */
export interface Service {
  readonly image: string;
  readonly build?: { readonly context: string; readonly target: string };
  readonly profiles: readonly string[];
  readonly command?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly environment?: Readonly<Record<string, string | number>>;
  readonly env_file?: readonly string[];
  readonly secrets?: readonly (string | Secret)[];
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly networks?: readonly string[];
  readonly network_mode?: string;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test?: readonly string[]; readonly disable?: boolean };
  readonly init?: boolean;
  readonly restart?: string;
  readonly read_only?: boolean;
  readonly tmpfs?: readonly string[];
  readonly cap_add?: readonly string[];
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly stop_grace_period?: string;
  readonly mem_limit?: string;
  readonly pids_limit?: number;
  readonly ulimits?: { readonly core?: number };
}

/** `source`: its name in docker-compose.yml. `target`: the name of its file in the container. */
export interface Secret {
  readonly source: string;
  readonly target: string;
}

/** docker-compose.yml, with anchors and merges resolved. */
export interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
  readonly networks: Readonly<Record<string, unknown>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
}

export function readCompose(): Compose {
  return parse(readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8'), { merge: true });
}

export function findService(name: string): Service {
  const service = readCompose().services[name];
  if (service === undefined) throw new Error(`expected a service ${name} in docker-compose.yml`);
  return service;
}

/** The variables of a service without its secrets. Instead of a file that the operator creates, reads its example. */
export function readVariables({ env_file = [], environment = {} }: Service): Record<string, string> {
  const files = env_file.map((file) => (existsSync(join(ROOT, `${file}.example`)) ? `${file}.example` : file));
  const fromFiles = files.map((file) => parseVariables(readFileSync(join(ROOT, file))));
  const fromService = Object.entries(environment).map(([name, value]) => [name, String(value)]);
  return Object.assign({}, ...fromFiles, Object.fromEntries(fromService));
}

export function listSecrets({ secrets = [] }: Service): readonly Secret[] {
  return secrets.map((secret) => (typeof secret === 'string' ? { source: secret, target: secret } : secret));
}

/** The name of the Chartway process that a service runs; null: the image is not built here. */
export function getProcess({ image, entrypoint = [], command = [] }: Service): string | null {
  return isBuiltHere(image) ? (entrypoint[2] ?? command[0] ?? null) : null;
}

export function isBuiltHere(image: string): boolean {
  return /^chartway(-sandbox)?:/.test(image);
}
