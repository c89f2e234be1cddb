import { open, rm } from 'node:fs/promises';

/** Readable by its owner only. */
const PRIVATE_FILE = 0o600;

/** A new file cannot be created or written. */
export class FileNotWritten extends Error {
  override readonly name: string = 'FileNotWritten';
}

/** No file is replaced. */
export class FileExists extends FileNotWritten {
  override readonly name = 'FileExists';

  constructor(path: string) {
    super(
      `expected to create a new file, but ${path} exists: it was not changed; delete it, or write to another place`,
    );
  }
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
    if (error.code === 'EEXIST') throw new FileExists(path);
    throw new FileNotWritten(
      `expected to create the file ${path}, got ${error.code}; check the folder and its permissions`,
    );
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
