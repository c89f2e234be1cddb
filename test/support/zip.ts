import { crc32, inflateRawSync } from 'node:zlib';

export interface ZipEntry {
  readonly name: string;
  readonly bytes: Buffer;
  /** In seconds since 1970, from the extra field of Info-ZIP. */
  readonly mtime: number;
}

/** The entries of a ZIP file, by its central directory. @throws Error for a file that is incomplete or has a wrong checksum */
export function readZip(file: Buffer): ZipEntry[] {
  const endAt = file.lastIndexOf(Buffer.from('PK\x05\x06'));
  if (endAt === -1) throw new Error('expected the end of a ZIP file');
  let at = file.readUInt32LE(endAt + 16);
  return Array.from({ length: file.readUInt16LE(endAt + 10) }, () => {
    const [method, crc, size] = [file.readUInt16LE(at + 10), file.readUInt32LE(at + 16), file.readUInt32LE(at + 20)];
    const [nameLength, extraLength] = [file.readUInt16LE(at + 28), file.readUInt16LE(at + 30)];
    const name = file.toString('utf8', at + 46, at + 46 + nameLength);
    const mtime = file.readUInt32LE(at + 46 + nameLength + 5);
    const local = file.readUInt32LE(at + 42);
    const dataAt = local + 30 + file.readUInt16LE(local + 26) + file.readUInt16LE(local + 28);
    const data = file.subarray(dataAt, dataAt + size);
    const bytes = method === 0 ? data : inflateRawSync(data);
    if (crc32(bytes) !== crc) throw new Error(`${name}: expected another checksum`);
    at += 46 + nameLength + extraLength + file.readUInt16LE(at + 32);
    return { name, bytes, mtime };
  });
}
