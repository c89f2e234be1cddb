import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { type ConfigurationFault, type Environment, faultOf } from '../observability/configuration-fault';
import { Mistake, setting } from '../observability/setting';
import { KEYS_EXPECTED, type KeyRing, parseKeyRing } from './key-ring';

/** How what Temporal stores is encrypted. `encrypts` false with a ring: nothing is encrypted any more, and what was can still be read. */
export interface PayloadSettings {
  readonly ring: KeyRing | null;
  readonly encrypts: boolean;
}

/** The variables about encryption. */
export const PAYLOAD_VARIABLES = {
  PAYLOAD_KEYS: setting(KEYS_EXPECTED, parseKeyRing).optional(),
  PAYLOAD_KEYS_FILE: setting('a file of keys', readKeyFile).optional(),
  PAYLOAD_ENCRYPTION: z.enum(['on', 'off'], { error: 'on or off' }).optional(),
};

type Read = z.output<z.ZodObject<typeof PAYLOAD_VARIABLES>>;

/** Where `npm start` puts the keys of its own Temporal server, below the folder that commands are run in. */
const OWN_KEYS_FOLDER = '.data/keys';
/** The keys themselves; while it runs, another name of them is its server's address. */
export const OWN_KEYS_FILE = 'payload';

/**
 * What the variables mean. Where none of them is set, the keys of the `npm start` that runs in this folder count for whoever talks to its
 * server: a starter beside it would otherwise send in clear what its worker refuses. `folder` null: not looked for.
 */
export function payloadSettings(read: Read, temporalAddress: string, folder: string | null): PayloadSettings {
  const { PAYLOAD_KEYS, PAYLOAD_KEYS_FILE, PAYLOAD_ENCRYPTION } = read;
  const ring = PAYLOAD_KEYS ?? PAYLOAD_KEYS_FILE ?? null;
  if (folder === null || isPayloadGiven(read)) {
    return { ring, encrypts: ring !== null && PAYLOAD_ENCRYPTION !== 'off' };
  }
  const own = ownRing(temporalAddress, folder);
  return { ring: own, encrypts: own !== null };
}

/** Whether anything was said about encryption. */
export function isPayloadGiven(given: { readonly [name in keyof Read]?: unknown }): boolean {
  return (given.PAYLOAD_KEYS ?? given.PAYLOAD_KEYS_FILE ?? given.PAYLOAD_ENCRYPTION) !== undefined;
}

/** Whether the process uses the keys of the `npm start` that runs in this folder: see {@link payloadSettings}. */
export function hasOwnKeys(set: Environment, temporalAddress: string, folder: string): boolean {
  return !isPayloadGiven(set) && existsSync(path.join(folder, OWN_KEYS_FOLDER, temporalAddress));
}

/** What the form of one variable cannot tell. `mustEncrypt`: a process that writes real persons' data and has no keys of an `npm start`. */
export function payloadFaults(set: Environment, mustEncrypt: boolean): ConfigurationFault[] {
  const { PAYLOAD_KEYS: keys, PAYLOAD_KEYS_FILE: file, PAYLOAD_ENCRYPTION: encryption } = set;
  if (keys !== undefined && file !== undefined) {
    return [{ key: 'PAYLOAD_KEYS_FILE', expected: 'it or PAYLOAD_KEYS', came: 'both' }];
  }
  if ((keys ?? file) !== undefined) return [];
  if (encryption === 'on') {
    return [{ key: 'PAYLOAD_ENCRYPTION', expected: 'PAYLOAD_KEYS or PAYLOAD_KEYS_FILE beside it', came: 'neither' }];
  }
  if (!mustEncrypt || encryption === 'off') return [];
  const expected =
    'keys (`npm run keygen -- main` makes one), unless the three HUMAN_API_*_URL are loopback or PAYLOAD_ENCRYPTION=off says that ' +
    'Temporal may store personal data in clear';
  return [faultOf('PAYLOAD_KEYS', expected, set)];
}

function readKeyFile(file: string): KeyRing | Mistake {
  try {
    return parseKeyFile(readFileSync(file, 'utf8')) ?? new Mistake(`a file whose lines are ${KEYS_EXPECTED}`);
  } catch (error) {
    return new Mistake(`a file that can be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

/** Entries one a line or comma-separated; what follows a `#` is a remark. */
function parseKeyFile(text: string): KeyRing | null {
  const entries = text.split('\n').flatMap((line) => line.replace(/#.*$/, '').split(','));
  return parseKeyRing(entries.filter((entry) => entry.trim() !== '').join(','));
}

/** The keys of the `npm start` that has this server; null where none runs here. */
function ownRing(temporalAddress: string, folder: string): KeyRing | null {
  const file = path.join(folder, OWN_KEYS_FOLDER, temporalAddress);
  return existsSync(file) ? parseKeyFile(readFileSync(file, 'utf8')) : null;
}
