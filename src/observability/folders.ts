import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Makes a folder and what is missing above it; gives those that it made, the deepest first. One step after the other: Node's own `recursive`
 * never comes back where a folder that is there lets nothing be made in it, as /proc does. @throws the system's error; ENOTDIR for a file
 */
export async function makeFolders(path: string, mode: number): Promise<readonly string[]> {
  const first = await make(path, mode);
  if (first !== 'nothing above') return first === 'made' ? [path] : [];
  const above = dirname(path);
  const made = above === path ? [] : await makeFolders(above, mode);
  const second = await make(path, mode);
  if (second === 'nothing above') throw Object.assign(new Error('expected a folder to be made'), { code: 'ENOENT' });
  return second === 'made' ? [path, ...made] : made;
}

async function make(path: string, mode: number): Promise<'made' | 'there' | 'nothing above'> {
  try {
    await mkdir(path, { mode });
    return 'made';
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const there = await stat(path).catch(() => null);
    if (there?.isDirectory() === true) return 'there';
    if (there !== null) throw Object.assign(new Error('expected a folder, there is a file'), { code: 'ENOTDIR' });
    if (code === 'ENOENT') return 'nothing above';
    throw error;
  }
}
