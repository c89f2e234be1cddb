import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { isCode } from '../../src/disk/folders';
import { type FileEncryption, NO_ENCRYPTION } from '../../src/domain/encryption';
import { createLogger } from '../../src/observability/log';
import { diskFiles, type Files, type OpenFile } from '../../src/spool/files';
import type { DeliveryTarget } from '../../src/spool/replay';
import { openSpool, type Spool } from '../../src/spool/spool';
import { useFolders } from '../support/folders';

/** An error as the system gives it. */
export function systemError(code: string): Error {
  return Object.assign(new Error(code), { code });
}

/** What a faulty disk does instead: before the call it may throw or wait. */
export interface Faults {
  create?: () => Promise<void> | void;
  /** May take fewer bytes than there are. */
  write?: (bytes: Uint8Array) => Promise<Uint8Array> | Uint8Array;
  sync?: () => Promise<void> | void;
  /** Delays bytes that are read already. */
  read?: () => Promise<void> | void;
}

/** The real file system with faults that can be changed while it is used. */
export function faultyFiles(faults: Faults): Files {
  return {
    ...diskFiles,
    async create(path) {
      await faults.create?.();
      const file = await diskFiles.create(path);
      const faulty: OpenFile = {
        ...file,
        write: async (bytes) => file.write((await faults.write?.(bytes)) ?? bytes),
        async sync() {
          await faults.sync?.();
          await file.sync();
        },
      };
      return faulty;
    },
    async read(path) {
      const [, bytes] = await Promise.all([faults.read?.(), diskFiles.read(path)]);
      return bytes;
    },
  };
}

const spools: Spool[] = [];

/** For a test file: spools are closed after each test. */
export function cleanUp(): void {
  afterEach(async () => {
    for (const spool of spools.splice(0)) await spool.close();
  });
}

/** In memory where possible: a sync is fast there. */
const PARENT = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

export const newFolder = useFolders(PARENT);

/** An open spool with its log and metrics. */
export async function open(
  options: {
    folder?: string;
    files?: Files;
    encryption?: FileEncryption;
    maxBytes?: number;
    segmentBytes?: number;
    claimEveryMs?: number;
  } = {},
) {
  const folder = options.folder ?? (await newFolder());
  const registry = new Registry();
  const lines: string[] = [];
  const log = createLogger({ process: 'test', level: 'debug' }, { write: (line: string) => lines.push(line) });
  const defaults = { maxBytes: 1024 * 1024, encryption: NO_ENCRYPTION };
  const spool = await openSpool({ ...defaults, ...options, folder, registry, log });
  spools.push(spool);
  return {
    folder,
    spool,
    logged: () => lines.join(''),
    append: (...texts: string[]) => spool.append(texts, Date.now() + 20_000),
    /** A metric, by name and labels as Prometheus writes them. */
    async metric(name: string): Promise<number> {
      const line = (await registry.metrics()).split('\n').find((text) => text.startsWith(`${name} `));
      return Number(line?.slice(name.length + 1));
    },
  };
}

/** A delivery target. `answer` decides; the texts it was called with are in `attempted`, the accepted ones in `taken`. */
export function createTarget(
  answer: (text: string) => Awaited<ReturnType<DeliveryTarget['deliver']>> | Promise<never> = () => 'taken',
) {
  const taken: string[] = [];
  const attempted: string[] = [];
  const target: DeliveryTarget = {
    async deliver({ text }) {
      attempted.push(text);
      const result = await answer(text);
      if (result === 'taken') taken.push(text);
      return result;
    },
    describe: (text) => (text.startsWith('?') ? null : { kind: 'status', clientUserId: text, humanId: null }),
    pendingRequests: () => 0,
  };
  return { target, taken, attempted };
}

/** All segments below the spool's folder, with their bytes. */
export async function segmentsIn(folder: string): Promise<Map<string, Buffer>> {
  const segments = new Map<string, Buffer>();
  for (const part of await readdir(folder)) {
    if (!part.startsWith('part-')) continue;
    for (const name of await readdir(join(folder, part))) {
      const bytes = name.endsWith('.log') ? await readIfExists(readFile(join(folder, part, name))) : null;
      if (bytes) segments.set(join(part, name), bytes);
    }
  }
  return segments;
}

/** A segment may be delivered and removed after its folder is listed. */
async function readIfExists(reading: Promise<Buffer>): Promise<Buffer | null> {
  try {
    return await reading;
  } catch (error) {
    if (isCode(error, 'ENOENT')) return null;
    throw error;
  }
}
