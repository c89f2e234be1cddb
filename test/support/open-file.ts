import { open, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';

const DESCRIPTORS = '/proc/self/fd';

/** Flips the bits of `length` bytes of a file. */
export async function flipBits(path: string, position: number, length = 1): Promise<void> {
  const handle = await open(path, 'r+');
  const { buffer } = await handle.read(Buffer.alloc(length), 0, length, position);
  const flipped = buffer.map((byte) => byte ^ 0xff);
  await handle.write(flipped, 0, length, position);
  await handle.close();
}

/** How often this process has a file open whose path ends with `suffix`. */
export async function countOpen(suffix: string): Promise<number> {
  const links = await readdir(DESCRIPTORS);
  const paths = await Promise.all(links.map((link) => readlink(join(DESCRIPTORS, link)).catch(() => '')));
  return paths.filter((path) => path.endsWith(suffix)).length;
}
