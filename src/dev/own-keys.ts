import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { DEV_KEYS_FILE, publishDevKeys } from '../temporal/dev-keys';
import { generateKey, parseKeyRing } from '../temporal/key-ring';
import type { PayloadSettings } from '../temporal/payload-settings';
import { kept } from './secrets';

/** The keys of a data folder, for whoever sets none. */
export interface OwnKeys {
  readonly payload: PayloadSettings;
  /** What makes a process of ours use them. */
  readonly env: Readonly<Record<string, string>>;
  /** Lets a command that runs beside us find them by the address of our Temporal server, while this process lives. */
  lend(temporalAddress: string): void;
}

/** Made once, never replaced: what the database holds could not be read any more. The id tells two folders' keys apart. */
export function ownKeys(dataFolder: string): OwnKeys {
  const folder = path.resolve(dataFolder, 'keys');
  const ring = parseKeyRing(
    kept(folder, DEV_KEYS_FILE, () => generateKey(`npm-start-${randomBytes(3).toString('hex')}`)),
  );
  const file = path.join(folder, DEV_KEYS_FILE);
  if (ring === null) throw new Error(`expected a key in ${file}, it holds something else: put back what was there`);
  return {
    payload: { ring, encrypts: true },
    env: { PAYLOAD_KEYS_FILE: file },
    lend: (temporalAddress) => publishDevKeys(folder, temporalAddress),
  };
}
