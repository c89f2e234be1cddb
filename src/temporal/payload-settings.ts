import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { type ConfigurationFault, type Environment, faultOf } from '../process/configuration-fault';
import { Mistake, setting } from '../process/setting';
import { KEYS_EXPECTED, type KeyRing, parseKeyFile, parseKeyRing } from './key-ring';

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

/**
 * What the variables mean. `own`: the keys of an `npm start` (src/temporal/own-keys.ts), which count where none of the variables is set: a starter
 * beside it would otherwise send in clear what its worker refuses.
 */
export function payloadSettings(read: Read, own: KeyRing | null): PayloadSettings {
  const { PAYLOAD_KEYS, PAYLOAD_KEYS_FILE, PAYLOAD_ENCRYPTION } = read;
  if (!isPayloadGiven(read)) return { ring: own, encrypts: own !== null };
  const ring = PAYLOAD_KEYS ?? PAYLOAD_KEYS_FILE ?? null;
  return { ring, encrypts: ring !== null && PAYLOAD_ENCRYPTION !== 'off' };
}

/** Whether anything was said about encryption. */
export function isPayloadGiven(given: { readonly [name in keyof Read]?: unknown }): boolean {
  return (given.PAYLOAD_KEYS ?? given.PAYLOAD_KEYS_FILE ?? given.PAYLOAD_ENCRYPTION) !== undefined;
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
