import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nullIfAbsent } from '../disk/folders';
import type { FileEncryption } from '../domain/encryption';
import { scanSegment } from './frame';
import { isSegmentName } from './partition';
import { type DecodedRecord, decodeRecord } from './record';

/**
 * The records of all webhooks in a spool folder. Changes nothing: a running webhook owns the segments, or will claim them. A file or folder that is
 * absent was delivered and removed meanwhile. @throws the system's error
 */
export async function* readSpoolRecords(folder: string, encryption: FileEncryption): AsyncGenerator<DecodedRecord> {
  for (const entry of (await nullIfAbsent(readdir(folder, { withFileTypes: true }))) ?? []) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* readSpoolRecords(path, encryption);
    const segment = entry.isFile() && isSegmentName(entry.name) ? await nullIfAbsent(readFile(path)) : null;
    for (const line of scanSegment(segment ?? Buffer.alloc(0))) {
      if (line.kind === 'record') yield decodeRecord(line, encryption);
    }
  }
}
