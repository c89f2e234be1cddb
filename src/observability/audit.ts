import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { access, type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makePrivateFolder, PRIVATE_FILE, syncFolder } from '../disk/folders';
import {
  type AuditEntry,
  type AuditKey,
  appendLine,
  type ChainLink,
  chainName,
  chainStart,
  fileName,
} from './audit-chain';
import type { Logger } from './log';

export type { AuditEntry } from './audit-chain';

/** The audit log of one process: appended JSON lines, each with the hash of the one before. */
export interface Audit {
  /**
   * Resolves when the line is synced to the disk. On an error, the caller must not perform the act.
   * @throws {AuditUnavailable}; TypeError for ids outside their alphabet
   */
  record(entry: AuditEntry): Promise<void>;
  /** The current end of the chain; null if nothing was recorded. */
  checkpoint(): AuditCheckpoint | null;
  /** Writes the last line if the chain has any, and prints its checkpoint. */
  close(): Promise<void>;
}

/** The end of a chain. Kept elsewhere, it reveals that lines were cut off. `lines` counts all files of the chain. */
export interface AuditCheckpoint {
  readonly event: 'audit-head';
  readonly file: string;
  readonly lines: number;
  readonly hash: string;
}

/** The audit log cannot be written, so acts that must be recorded are not performed. */
export class AuditUnavailable extends Error {
  override readonly name = 'AuditUnavailable';
  readonly kind = 'audit-unavailable';

  constructor(cause: unknown) {
    const { code } = (cause ?? {}) as NodeJS.ErrnoException;
    const suffix = code === undefined ? '' : ` (${code})`;
    super(`the audit log cannot be written, so nothing more was done; check AUDIT_LOG and its disk${suffix}`, {
      cause,
    });
  }
}

const PART_MAX_BYTES = 16 * 1024 * 1024;
/** Lines cut off later than this are detected, if the checkpoints are kept elsewhere. */
const CHECKPOINT_EVERY_MS = 5 * 60_000;
/** The alphabet of all ids, ours and those of upstream in the report store. */
const ID = /^[A-Za-z0-9][A-Za-z0-9._~:/@-]{0,199}$/;
const APPEND_NEW = constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY | constants.O_APPEND;

interface QueuedEntry {
  readonly entry: AuditEntry;
  readonly done: () => void;
  readonly failed: (error: AuditUnavailable) => void;
}

/**
 * Opens the audit log in this folder and creates the folder; the first entry creates the file. Concurrent entries share one write and one sync.
 * A chain gets a new file each day (UTC) and at {@link PART_MAX_BYTES}. After a failed write a new chain starts, because the content of the disk
 * is unknown.
 * @throws {AuditUnavailable} if the folder cannot be created or written
 */
export async function openAudit(options: {
  readonly folder: string;
  readonly process: string;
  readonly log?: Pick<Logger, 'error'>;
  /** Default and null: the chain is not signed, so anyone with write access to the folder can forge it. */
  readonly key?: AuditKey | null;
  /** Called with one JSON line per checkpoint. */
  readonly printCheckpoint?: (line: string) => void;
  /** Default: five minutes; null: only at the end. */
  readonly checkpointEveryMs?: number | null;
  readonly now?: () => Date;
  readonly partMaxBytes?: number;
}): Promise<Audit> {
  const {
    folder,
    process: processName,
    log,
    key = null,
    printCheckpoint,
    checkpointEveryMs = CHECKPOINT_EVERY_MS,
    now = () => new Date(),
    partMaxBytes = PART_MAX_BYTES,
  } = options;
  try {
    await makePrivateFolder(folder);
    await access(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new AuditUnavailable(error);
  }
  let chain = startChain();
  let queue: QueuedEntry[] = [];
  let isFlushing = false;
  const timer = printCheckpoint && checkpointEveryMs !== null && setInterval(print, checkpointEveryMs).unref();

  return {
    record,
    checkpoint,
    async close() {
      clearInterval(timer || undefined);
      if (chain.link.n > 0) await record({ who: processName, did: 'stop' });
      print();
      await chain.handle?.close();
      chain = startChain();
    },
  };

  async function record(entry: AuditEntry): Promise<void> {
    const checked = checkedEntry(entry);
    await new Promise<void>((done, failed) => {
      queue.push({ entry: checked, done, failed });
      if (!isFlushing) void flush();
    });
  }

  function startChain() {
    const name = chainName(processName, now(), randomBytes(4).toString('hex'));
    return { name, part: 0, bytes: 0, day: '', link: chainStart(name), handle: null as FileHandle | null };
  }

  function checkpoint(): AuditCheckpoint | null {
    const { name, part, link } = chain;
    return link.n === 0 ? null : { event: 'audit-head', file: fileName(name, part), lines: link.n, hash: link.hash };
  }

  function print(): void {
    const end = checkpoint();
    if (end) printCheckpoint?.(JSON.stringify(end));
  }

  async function flush(): Promise<void> {
    isFlushing = true;
    // Entries of the same turn of the event loop join this write.
    await Promise.resolve();
    while (queue.length > 0) {
      const batch = queue;
      queue = [];
      try {
        await write(batch.map(({ entry }) => entry));
        for (const { done } of batch) done();
      } catch (error) {
        await chain.handle?.close().catch(() => undefined);
        await removeWithoutLines();
        chain = startChain();
        log?.error({ error }, 'the audit log cannot be written: acts that must be recorded are rejected');
        for (const { failed } of batch) failed(new AuditUnavailable(error));
      }
    }
    isFlushing = false;
  }

  /** Removes the file of a chain whose first line was not written: each act on a full disk would leave one, and none of them can be verified. */
  async function removeWithoutLines(): Promise<void> {
    if (!chain.handle || chain.link.n > 0) return;
    await rm(join(folder, fileName(chain.name, chain.part)), { force: true }).catch(() => undefined);
  }

  async function write(entries: readonly AuditEntry[]): Promise<void> {
    const at = now();
    const handle = await currentPart(at.toISOString().slice(0, 10));
    let link: ChainLink = chain.link;
    let text = '';
    for (const entry of entries) {
      const next = appendLine(link, at, processName, entry, key);
      text += next.line;
      link = next.link;
    }
    const bytes = Buffer.from(text);
    await handle.appendFile(bytes);
    await handle.datasync();
    chain.link = link;
    chain.bytes += bytes.length;
  }

  async function currentPart(day: string): Promise<FileHandle> {
    // The file was deleted: lines in it would be lost, and a chain without its first lines is invalid.
    if (chain.handle && (await chain.handle.stat()).nlink === 0) {
      await chain.handle.close();
      chain = startChain();
    }
    if (chain.handle && chain.day === day && chain.bytes < partMaxBytes) return chain.handle;
    await chain.handle?.close();
    chain.handle = null;
    chain.part += 1;
    chain.handle = await open(join(folder, fileName(chain.name, chain.part)), APPEND_NEW, PRIVATE_FILE);
    await syncFolder(folder);
    Object.assign(chain, { bytes: 0, day });
    return chain.handle;
  }
}

/** Drops unknown fields and rejects ids with other characters, so that no personal data is recorded by mistake. */
function checkedEntry(entry: AuditEntry): AuditEntry {
  const { who, did, clientUserId, documentId, authorizationReference, onBehalfOf, detail } = entry;
  for (const [field, id] of Object.entries({ who, clientUserId, documentId, authorizationReference, onBehalfOf })) {
    if (id !== undefined && !ID.test(id)) throw new TypeError(`expected an id as ${field} of an audit line`);
  }
  return { who, did, clientUserId, documentId, authorizationReference, onBehalfOf, detail };
}
