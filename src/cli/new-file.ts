import { open, rm } from 'node:fs/promises';

/** Readable by its owner only. */
const PRIVATE_FILE = 0o600;

/** A new file cannot be created or written. The message contains no path. */
export class FileNotWritten extends Error {
  override readonly name = 'FileNotWritten';
}

/**
 * Writes a new private file and returns its length in bytes. An existing file is never replaced, and an incomplete one is removed.
 * @throws {FileNotWritten}; the reason of the signal; any error of the chunks
 */
export async function writeNewFile(
  path: string,
  chunks: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<number> {
  const handle = await open(path, 'wx', PRIVATE_FILE).catch((error: NodeJS.ErrnoException) => {
    throw new FileNotWritten(`expected to create a new file, got ${error.code}; name a file that does not exist`);
  });
  try {
    let bytes = 0;
    try {
      for await (const chunk of chunks) {
        signal.throwIfAborted();
        await handle.writeFile(chunk).catch(rejectWrite);
        bytes += chunk.byteLength;
      }
    } finally {
      // NFS may report a full disk only here.
      await handle.close().catch(rejectWrite);
    }
    return bytes;
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
}

function rejectWrite({ code }: NodeJS.ErrnoException): never {
  throw new FileNotWritten(`expected to write the file, got ${code}; check the disk`);
}
