import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'dotenv';
import { ConfigurationError, type ConfigurationFault, type Environment } from '../process/configuration-fault';
import { type DevRun, readDevRun } from '../process/dev-run';
import { removeOwnNoProxy } from '../process/loopback';
import { describeDevRun, isServerOfRun, readDevKeys, readRunningDevKeys } from '../temporal/dev-keys';
import type { KeyRing } from '../temporal/key-ring';
import { hasPayloadSettings } from '../temporal/payload-settings';
import { readTemporalSettings, type TemporalEnvironment } from '../temporal/settings';
import { isCommand, type ProcessName } from './process-name';

/** What a process reads its configuration from: the environment, a running `npm start` of its folder, and `.env`. */
interface Sources {
  /** All variables, also empty ones. */
  readonly texts: Environment;
  /** The variables that are not empty. */
  readonly set: Environment;
  readonly temporal: TemporalEnvironment | readonly ConfigurationFault[];
  /** The keys of an `npm start`; null: none are used, or they cannot be read. */
  readonly devKeys: KeyRing | null;
  /** Whether the process uses keys of an `npm start`, also if they cannot be read. */
  readonly hasDevKeys: boolean;
  /** A run or keys that cannot be read. */
  readonly faults: readonly ConfigurationFault[];
  /** Why no keys of an `npm start` are used; null if there never was one. */
  describeMissingKeys(): string | null;
}

/** Chooses what a process reads. @throws ConfigurationError for an unreadable `.env` */
export function readSources(processName: ProcessName, env: NodeJS.ProcessEnv, folder: string): Sources {
  const run = readsDevRun(processName) ? readDevRun(folder) : null;
  const runFaults = run !== null && 'key' in run ? [run] : [];
  const devRun = run !== null && 'settings' in run ? run : null;
  const texts = readTextsOfRun(processName, env, folder, devRun);
  const set = withoutEmpty(texts);
  const temporal = readTemporalSettings(set);
  const address = 'connection' in temporal ? temporal.connection.address : null;
  const readKeys = () =>
    processName === 'verifier' ? readDevKeys(folder) : readRunningDevKeys(folder, devRun, address ?? '');
  const devKeys = hasPayloadSettings(set) || processName === 'dev' ? null : readKeys();
  const isReadable = devKeys === null || 'ids' in devKeys;
  return {
    texts,
    set,
    temporal,
    devKeys: isReadable ? devKeys : null,
    // Unreadable dev keys or runs are one fault, so the keys do not also count as missing.
    hasDevKeys: (devKeys !== null && processName !== 'verifier') || runFaults.length > 0,
    faults: [
      ...(isCommand(processName) || !hasPayloadSettings(set) ? runFaults : []),
      ...(isReadable ? [] : [devKeys]),
    ],
    describeMissingKeys: () => describeDevRun(folder, devRun, address),
  };
}

/** `npm start` and a reader of the audit log do not depend on a run. */
function readsDevRun(processName: ProcessName): boolean {
  return processName !== 'dev' && processName !== 'verifier';
}

/**
 * The texts of a process. If a command uses the server of the `npm start` of its folder, settings of that run replace those of `.env`, which it has
 * read too, and the environment replaces both.
 */
function readTextsOfRun(
  processName: ProcessName,
  env: NodeJS.ProcessEnv,
  folder: string,
  run: DevRun | null,
): Environment {
  const own = readTexts(env, folder);
  const usesRun = run !== null && isCommand(processName) && isServerOfRun(run, withoutEmpty(own));
  return usesRun ? readTexts(env, folder, run.settings) : own;
}

function withoutEmpty(texts: Environment): Environment {
  return Object.fromEntries(Object.entries(texts).filter(([, text]) => text !== ''));
}

/** All variables, trimmed: secrets from files often end with a line break or start with a byte order mark. `settings` replace those of `.env`. */
export function readTexts(env: NodeJS.ProcessEnv, folder: string, settings: Environment = {}): Environment {
  const all = Object.entries({ ...readDotEnv(folder), ...settings, ...removeOwnNoProxy(env) });
  return Object.fromEntries(all.flatMap(([name, text]) => (text === undefined ? [] : [[name, text.trim()]])));
}

/** Empty if there is no `.env`. */
function readDotEnv(folder: string): Environment {
  try {
    return parse(readFileSync(path.join(folder, '.env')));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return {};
    throw new ConfigurationError([{ key: '.env', expected: 'a readable file', got: String(code) }]);
  }
}
