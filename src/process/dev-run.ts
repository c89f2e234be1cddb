import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import type { ConfigurationFault, Environment } from './configuration-fault';
import { identifyProcess, isRunning } from './process-identity';

/** The data folder of `npm start`, relative to the working directory. */
export const DEV_FOLDER = '.data';
const FILE = 'npm-start-run.json';

/** What a running `npm start` lets other commands in its folder know. */
export interface DevRun {
  readonly temporalAddress: string;
  /** Whether its payloads are encrypted with the keys that it generated. */
  readonly usesOwnKeys: boolean;
  /** The variables that make a command use the same installation. With `TEMPORAL_ADDRESS` only if it started that server. No secrets. */
  readonly settings: Environment;
}

const PUBLISHED = z.object({
  owner: z.object({ pid: z.int(), began: z.string() }),
  run: z.object({
    temporalAddress: z.string(),
    usesOwnKeys: z.boolean(),
    settings: z.record(z.string(), z.string()),
  }),
});

/** Publishes the run and returns a function that ends this. Commands ignore the file of a killed process. */
export function publishDevRun(dataFolder: string, run: DevRun): () => void {
  mkdirSync(dataFolder, { recursive: true, mode: 0o700 });
  const file = path.resolve(dataFolder, FILE);
  const draft = `${file}.draft`;
  const owner = identifyProcess('npm start', process.pid);
  writeFileSync(draft, `${JSON.stringify({ owner, run })}\n`, { mode: 0o600 });
  renameSync(draft, file);
  return () => rmSync(file, { force: true });
}

/** The `npm start` that runs in this folder; null if none runs. */
export function readDevRun(folder: string): DevRun | ConfigurationFault | null {
  const expected = 'the addresses of the running `npm start`: delete the file, or run `npm start` again';
  const text = readDevFile(folder, FILE, expected);
  if (typeof text !== 'string') return text;
  const published = PUBLISHED.safeParse(parseJson(text));
  if (!published.success) return { key: `${DEV_FOLDER}/${FILE}`, expected, got: 'something else' };
  const { owner, run } = published.data;
  return isRunning(owner) ? run : null;
}

/** The text of a file in the data folder of `npm start`: null if there is no such file, a fault if it cannot be read. */
export function readDevFile(folder: string, name: string, expected: string): string | ConfigurationFault | null {
  try {
    return readFileSync(path.join(folder, DEV_FOLDER, name), 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // ENOTDIR: a part of the path is a file, so the folder does not exist.
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    return { key: `${DEV_FOLDER}/${name}`, expected, got: `an unreadable file (${code})` };
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
