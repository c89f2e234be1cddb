import { existsSync, rmSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline/promises';

/**
 * What of the data folder is the sandbox's world, and can be had again: its people, its Temporal database, its notices, the round of its samples.
 * Everything else stays: reports wherever they lie, secrets and keys, and what belongs to the real Human API.
 */
export const SANDBOX_WORLD = {
  database: 'temporal-sandbox.db',
  people: 'sandbox',
  spool: 'spool-sandbox',
  round: 'samples-round',
} as const;

/** What of it is there, as paths. SQLite keeps two more files beside a database. */
export function worldIn(dataFolder: string): string[] {
  const { database, ...others } = SANDBOX_WORLD;
  const names = [database, `${database}-wal`, `${database}-shm`, ...Object.values(others)];
  return names.map((name) => path.join(dataFolder, name)).filter((file) => existsSync(file));
}

/** Forgets the sandbox's world; a link is removed, not what it leads to. */
export function forgetWorld(dataFolder: string): void {
  for (const file of worldIn(dataFolder)) rmSync(file, { recursive: true, force: true });
}

/** How a person is asked; a test answers itself. */
export interface Asking {
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly output: NodeJS.WritableStream;
}

/** Asks whether to forget what lies here: `yes`, `no`, or `nobody` where there is no terminal to ask at. */
export async function askToForget(
  files: readonly string[],
  { input, output }: Asking,
): Promise<'yes' | 'no' | 'nobody'> {
  if (!input.isTTY) return 'nobody';
  const lines = createInterface({ input, output });
  try {
    const question = [
      'This forgets the sandbox, its people and all applicants that were collected from it:',
      ...files.map((file) => `  ${file}`),
      'Reports, secrets and everything else stay. Forget it? [y/N] ',
    ];
    const answer = await new Promise<string>((resolve) => {
      // The end of the input may come right behind the answer.
      lines.once('close', () => setImmediate(resolve, ''));
      lines.question(question.join('\n')).then(resolve, () => resolve(''));
    });
    return /^\s*y(es)?\s*$/i.test(answer) ? 'yes' : 'no';
  } finally {
    lines.close();
  }
}
