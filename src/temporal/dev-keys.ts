import type { ConfigurationFault, Environment } from '../process/configuration-fault';
import { DEV_FOLDER, type DevRun, readDevFile } from '../process/dev-run';
import { KEYS_EXPECTED, type KeyRing, parseKeyFile } from './key-ring';
import { readTemporalSettings } from './settings';

/** Where `npm start` stores its keys, in its data folder. */
export const DEV_KEYS_FILE = 'keys/payload';
const SHOWN_PATH = `${DEV_FOLDER}/${DEV_KEYS_FILE}`;

/** The keys that `npm start` generated in this folder, whether or not it runs; null if it generated no keys. */
export function readDevKeys(folder: string): KeyRing | ConfigurationFault | null {
  const expected =
    `a file whose lines are ${KEYS_EXPECTED}, because \`npm start\` keeps its keys there: restore the file, or set ` +
    'PAYLOAD_KEYS or PAYLOAD_KEYS_FILE';
  const text = readDevFile(folder, DEV_KEYS_FILE, expected);
  if (typeof text !== 'string') return text;
  return parseKeyFile(text) ?? { key: SHOWN_PATH, expected, got: 'something else' };
}

/** The keys of the `npm start` that runs in this folder; null if it uses another Temporal server, or other keys. */
export function readRunningDevKeys(
  folder: string,
  run: DevRun | null,
  temporalAddress: string,
): KeyRing | ConfigurationFault | null {
  if (run === null || !run.usesOwnKeys || run.temporalAddress !== temporalAddress) return null;
  const missing = { key: SHOWN_PATH, expected: 'the keys of the running `npm start`', got: 'no file' };
  return readDevKeys(folder) ?? missing;
}

/** Whether a command with these variables uses the Temporal server of the run: they name it, or no server while the run has its own one. */
export function isServerOfRun(run: DevRun, set: Environment): boolean {
  const temporal = readTemporalSettings(set);
  if (!('connection' in temporal)) return false;
  if (!temporal.hasServer) return run.settings['TEMPORAL_ADDRESS'] !== undefined;
  return temporal.connection.address === run.temporalAddress;
}

/** Why no keys of an `npm start` in this folder are used; null if there never was one. */
export function describeDevRun(folder: string, run: DevRun | null, temporalAddress: string | null): string | null {
  if (run === null)
    return readDevKeys(folder) === null ? null : 'no npm start of this folder runs: start it to use its applicants';
  const { temporalAddress: address } = run;
  return address === temporalAddress
    ? 'npm start of this folder has PAYLOAD_KEYS: set the same keys'
    : `npm start of this folder runs at ${address}: set TEMPORAL_ADDRESS=${address} to use it`;
}
