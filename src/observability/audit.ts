import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { access, type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { makePrivateFolder, PRIVATE_FILE, syncFolder } from '../disk/folders';
import { type AuditEntry, type AuditKey, beginningOf, chainName, type Link, lineAfter, partName } from './audit-chain';
import type { Logger } from './log';

export type { AuditEntry } from './audit-chain';

/** The audit log of one process: JSON lines that only grow, each with the hash of the one before. */
export interface Audit {
  /**
   * Resolves once the line is on the disk for good. Whoever gets an error must not do what it wanted to record.
   * @throws {AuditUnavailable}; TypeError for ids outside their alphabet
   */
  record(entry: AuditEntry): Promise<void>;
  /** Where the chain ends now; null while nothing was recorded. `lines` are those of the chain, through all its files. */
  head(): AuditHead | null;
  /** Writes the last line, where there is any, and tells its head: a chain without one was cut off by a kill or by hand. */
  close(): Promise<void>;
}

/** A chain's end, for somebody to compare the files with: kept elsewhere, it shows a tail that was cut. */
export interface AuditHead {
  readonly event: 'audit-head';
  readonly file: string;
  readonly lines: number;
  readonly hash: string;
}

/** The audit log cannot be written, so nothing may be done that has to stand in it. */
export class AuditUnavailable extends Error {
  override readonly name = 'AuditUnavailable';
  readonly kind = 'audit-unavailable';

  constructor(cause: unknown) {
    super('the audit log cannot be written, so nothing was done; look at the disk and at AUDIT_LOG', { cause });
  }
}

/** Small enough to look into, large enough for a day of most installations. */
const PART_MAX_BYTES = 16 * 1024 * 1024;
/** A tail that is cut shows within this time, to whoever keeps the heads. */
const HEAD_EVERY_MS = 5 * 60_000;
/** The alphabet of every id of ours, and of upstream's as the report store has them. */
const ID = /^[A-Za-z0-9][A-Za-z0-9._~:/@-]{0,199}$/;
const APPEND_NEW = constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY | constants.O_APPEND;

interface Waiting {
  readonly entry: AuditEntry;
  readonly done: () => void;
  readonly failed: (error: AuditUnavailable) => void;
}

/**
 * Opens the audit log in this folder, which is made; its file when something is first recorded. Lines that are recorded at the same time share
 * one write and one sync. A new file begins each day (UTC) and at {@link PART_MAX_BYTES}, and goes on with the chain; after a write that failed
 * a new chain begins, for nobody knows what the disk has of it.
 * @throws {AuditUnavailable} where the folder cannot be made or written
 */
export async function openAudit(options: {
  readonly folder: string;
  readonly process: string;
  readonly log?: Pick<Logger, 'error'>;
  /** Null or none: the chain is not keyed, and write access to the folder is enough to write another one. */
  readonly key?: AuditKey | null;
  /** Told the heads as one line of JSON each: standard output, or standard error for commands. */
  readonly tellHead?: (line: string) => void;
  /** Every five minutes if not set; null: at the end alone, for commands. */
  readonly headEveryMs?: number | null;
  readonly now?: () => Date;
  readonly partMaxBytes?: number;
}): Promise<Audit> {
  const {
    folder,
    process: processName,
    log,
    key = null,
    tellHead,
    headEveryMs = HEAD_EVERY_MS,
    now = () => new Date(),
    partMaxBytes = PART_MAX_BYTES,
  } = options;
  try {
    await makePrivateFolder(folder);
    await access(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new AuditUnavailable(error);
  }
  let chain = begin();
  let waiting: Waiting[] = [];
  let flushing = false;
  const telling = tellHead && headEveryMs !== null && setInterval(() => tell(tellHead), headEveryMs).unref();

  return {
    record,
    head,
    async close() {
      clearInterval(telling || undefined);
      if (chain.link.n > 0) await record({ who: processName, did: 'stop' });
      if (tellHead) tell(tellHead);
      await chain.handle?.close();
      chain = begin();
    },
  };

  async function record(entry: AuditEntry): Promise<void> {
    const checked = checkedEntry(entry);
    await new Promise<void>((done, failed) => {
      waiting.push({ entry: checked, done, failed });
      if (!flushing) void flush();
    });
  }

  function begin() {
    const name = chainName(processName, now(), randomBytes(4).toString('hex'));
    return { name, part: 0, bytes: 0, day: '', link: beginningOf(name), handle: null as FileHandle | null };
  }

  function head(): AuditHead | null {
    const { name, part, link } = chain;
    return link.n === 0 ? null : { event: 'audit-head', file: partName(name, part), lines: link.n, hash: link.hash };
  }

  function tell(out: (line: string) => void): void {
    const at = head();
    if (at) out(JSON.stringify(at));
  }

  async function flush(): Promise<void> {
    flushing = true;
    // Whoever records in the same turn of the loop comes along.
    await Promise.resolve();
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      try {
        await write(batch.map(({ entry }) => entry));
        for (const { done } of batch) done();
      } catch (error) {
        await chain.handle?.close().catch(() => undefined);
        chain = begin();
        log?.error({ error }, 'the audit log cannot be written: nothing is done that has to stand in it');
        for (const { failed } of batch) failed(new AuditUnavailable(error));
      }
    }
    flushing = false;
  }

  async function write(entries: readonly AuditEntry[]): Promise<void> {
    const at = now();
    const handle = await currentPart(at.toISOString().slice(0, 10));
    let link: Link = chain.link;
    let text = '';
    for (const entry of entries) {
      const next = lineAfter(link, at, processName, entry, key);
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
    // A file that was taken away takes no line that anybody would find, and a chain does not go on without its beginning.
    if (chain.handle && (await chain.handle.stat()).nlink === 0) {
      await chain.handle.close();
      chain = begin();
    }
    if (chain.handle && chain.day === day && chain.bytes < partMaxBytes) return chain.handle;
    await chain.handle?.close();
    chain.handle = null;
    chain.part += 1;
    chain.handle = await open(join(folder, partName(chain.name, chain.part)), APPEND_NEW, PRIVATE_FILE);
    await syncFolder(folder);
    Object.assign(chain, { bytes: 0, day });
    return chain.handle;
  }
}

/** Only the fields that we know, and only ids for ids: nothing else of a person gets in by mistake. */
function checkedEntry(entry: AuditEntry): AuditEntry {
  const { who, did, clientUserId, documentId, authorizationReference, detail } = entry;
  for (const [field, id] of Object.entries({ who, clientUserId, documentId, authorizationReference })) {
    if (id !== undefined && !ID.test(id)) throw new TypeError(`expected an id as ${field} of an audit line`);
  }
  return { who, did, clientUserId, documentId, authorizationReference, detail };
}
