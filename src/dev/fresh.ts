import { existsSync, rmSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline/promises';

/**
 * The data of the sandbox in the data folder: its people, its Temporal database, its notices, the round of its samples. Reports, secrets, keys
 * and the data of the real Human API stay.
 */
export const SANDBOX_DATA = {
  database: 'temporal-sandbox.db',
  people: 'sandbox',
  spool: 'spool-sandbox',
  round: 'samples-round',
} as const;

/** The paths that exist, including the two files that SQLite adds to a database. */
export function sandboxDataFiles(dataFolder: string): string[] {
  const { database } = SANDBOX_DATA;
  const names = [...Object.values(SANDBOX_DATA), `${database}-wal`, `${database}-shm`];
  return names.map((name) => path.join(dataFolder, name)).filter((file) => existsSync(file));
}

/** Removes the data of the sandbox. A link is removed, its target stays. */
export function removeSandboxData(dataFolder: string): void {
  for (const file of sandboxDataFiles(dataFolder)) rmSync(file, { recursive: true, force: true });
}

/** Asks whether to remove the files. Without a terminal it does not ask. */
export async function confirmFresh(
  files: readonly string[],
  input: NodeJS.ReadableStream & { readonly isTTY?: boolean } = process.stdin,
  output: NodeJS.WritableStream = process.stdout,
): Promise<'yes' | 'no' | 'no-terminal'> {
  if (!input.isTTY) return 'no-terminal';
  const lines = createInterface({ input, output });
  try {
    const question = [
      'This deletes the data of the sandbox with all its people and applicants:',
      ...files.map((file) => `  ${file}`),
      'Reports, secrets and all other files stay. Continue? [y/N] ',
    ];
    const answer = await new Promise<string>((resolve) => {
      // The input may end together with the answer.
      lines.once('close', () => setImmediate(resolve, ''));
      lines.question(question.join('\n')).then(resolve, () => resolve(''));
    });
    return /^\s*y(es)?\s*$/i.test(answer) ? 'yes' : 'no';
  } finally {
    lines.close();
  }
}
