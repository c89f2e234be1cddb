import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { type ConfigurationFault, describeFault, type Environment } from '../process/configuration-fault';
import { SettingFault, setting } from '../process/setting';
import { KEYS_EXPECTED, type KeyRing, parseKeyFile, parseKeyRing } from './key-ring';

/** How payloads in Temporal are encrypted. If `encrypts` is false and there is a ring, new payloads are plain and earlier ones can still be read. */
export interface PayloadSettings {
  readonly ring: KeyRing | null;
  readonly encrypts: boolean;
}

export const PAYLOAD_VARIABLES = {
  PAYLOAD_KEYS: setting(KEYS_EXPECTED, parseKeyRing).optional(),
  PAYLOAD_KEYS_FILE: setting('a file of keys', readKeyFile).optional(),
  PAYLOAD_ENCRYPTION: z.enum(['on', 'off'], { error: 'on or off' }).optional(),
};

type PayloadVariables = z.output<z.ZodObject<typeof PAYLOAD_VARIABLES>>;

/** `devKeys`: the keys of an `npm start` (dev-keys.ts). They are used if no variable is set, because the worker of `npm start` rejects plain payloads. */
export function readPayloadSettings(read: PayloadVariables, devKeys: KeyRing | null): PayloadSettings {
  const { PAYLOAD_KEYS, PAYLOAD_KEYS_FILE, PAYLOAD_ENCRYPTION } = read;
  if (!hasPayloadSettings(read)) return { ring: devKeys, encrypts: devKeys !== null };
  const ring = PAYLOAD_KEYS ?? PAYLOAD_KEYS_FILE ?? null;
  return { ring, encrypts: ring !== null && PAYLOAD_ENCRYPTION !== 'off' };
}

export function hasPayloadSettings(read: { readonly [name in keyof PayloadVariables]?: unknown }): boolean {
  return (read.PAYLOAD_KEYS ?? read.PAYLOAD_KEYS_FILE ?? read.PAYLOAD_ENCRYPTION) !== undefined;
}

/** Finds faults beyond the form of one variable. `mustEncrypt`: the process writes data of real people and has no keys of an `npm start`. */
export function payloadFaults(set: Environment, mustEncrypt: boolean): ConfigurationFault[] {
  const { PAYLOAD_KEYS: keys, PAYLOAD_KEYS_FILE: file, PAYLOAD_ENCRYPTION: encryption } = set;
  if (keys !== undefined && file !== undefined) {
    return [{ key: 'PAYLOAD_KEYS_FILE', expected: 'only one of PAYLOAD_KEYS and PAYLOAD_KEYS_FILE', got: 'both' }];
  }
  if ((keys ?? file) !== undefined) return [];
  if (encryption === 'on') {
    return [{ key: 'PAYLOAD_ENCRYPTION', expected: 'PAYLOAD_KEYS or PAYLOAD_KEYS_FILE to be set too', got: 'neither' }];
  }
  if (!mustEncrypt || encryption === 'off') return [];
  const expected =
    'keys (`npm run keygen -- main` makes one), unless the three HUMAN_API_*_URL are loopback or PAYLOAD_ENCRYPTION=off allows ' +
    'Temporal to store personal data unencrypted';
  return [describeFault('PAYLOAD_KEYS', expected, set)];
}

function readKeyFile(file: string): KeyRing | SettingFault {
  try {
    return parseKeyFile(readFileSync(file, 'utf8')) ?? new SettingFault(`a file whose lines are ${KEYS_EXPECTED}`);
  } catch (error) {
    return new SettingFault(`a readable file (${(error as NodeJS.ErrnoException).code})`);
  }
}
