import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Returns a function that creates a folder and returns its path, or the path of `name` in it. All folders are removed after the tests of the file or
 * group. Call it after the hooks that stop processes: jest runs `afterAll` in the order of definition.
 */
export function useFolders(parent = tmpdir()): (name?: string) => Promise<string> {
  const folders: string[] = [];
  afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));
  return async (name = '') => {
    const folder = await mkdtemp(join(parent, 'chartway-test-'));
    folders.push(folder);
    return join(folder, name);
  };
}
