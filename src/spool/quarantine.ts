import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { isCode } from '../disk/folders';
import { type Cipher, KeyMissing } from '../domain/encryption';
import { diskFiles, type Files, writeWhole } from './files';

/**
 * Why something was set aside. `refused`: Temporal will never take it. `signature`: it does not bear the signature it should.
 * `damaged`: bytes of the spool that are no record any more, or cannot be opened.
 */
export type QuarantineReason = 'refused' | 'signature' | 'damaged';

/** What is told of something that was set aside without opening it: pseudonyms, counts and codes only. */
export interface QuarantineHeader {
  /** Its file's name without `.json`, which sorts by time. */
  readonly id: string;
  readonly why: QuarantineReason;
  /** When it was set aside, ISO 8601. */
  readonly at: string;
  /** What it is: a notice's kind (`status`, `report`), or whatever its writer calls it. */
  readonly kind: string;
  readonly clientUserId: string | null;
  readonly humanId: string | null;
  /** A code or a short text of our own; never upstream's words. */
  readonly detail: string | null;
}

/** What a writer says of it; id and time are given here. */
export type SetAside = Omit<QuarantineHeader, 'id' | 'at'> & {
  /** The notice in the writer's own form: a text, or the bytes as they came. */
  readonly content: string | Uint8Array;
};

/**
 * `<spool>/quarantine`: one file each, kept until an operator decides. It is capped for each reason apart, so that a flood of bad signatures
 * leaves room for the rest; the oldest are kept, for the beginning of a trouble tells the most, and what no longer fits is told to the caller.
 */
export interface Quarantine {
  /** Durable once it resolves. `full`: it is not kept, the caller decides what that means. Rejects with the system's error. */
  put(entry: SetAside): Promise<'kept' | 'full'>;
  /** All of them, the oldest first; a file that is not ours or not whole is left out. */
  list(): Promise<readonly QuarantineHeader[]>;
  /**
   * One with its content; null where there is none of this id. `content` is null for what can never be opened again.
   * @throws {KeyMissing} where the key it was sealed with is not ours
   */
  read(id: string): Promise<{ readonly header: QuarantineHeader; readonly content: Buffer | null } | null>;
  /** Takes it away for good; false where there was none. */
  drop(id: string): Promise<boolean>;
  /** How many of each reason lie there, and their bytes; counted again at most every {@link COUNT_AGAIN_MS}. */
  held(): Promise<Readonly<Record<QuarantineReason, { readonly records: number; readonly bytes: number }>>>;
}

/** At most a notice's size each: an operator reads hundreds, not millions. */
const MAX_RECORDS = 10_000;
/** A signature's whole body is kept, 1 MiB at most. */
const MAX_BYTES = 64 * 1024 * 1024;
/** Other webhooks and operators change the folder too. */
const COUNT_AGAIN_MS = 10_000;

const REASONS = ['refused', 'signature', 'damaged'] as const;
/** Time in ms, reason, chance: what sorts, what is counted without opening, what keeps two apart. */
const NAME = /^(\d{13}-(refused|signature|damaged)-[0-9a-f]{12})\.json$/;

/** The quarantine of the spool in this folder, which is made when something is first put into it. */
export function openQuarantine(options: {
  readonly spoolFolder: string;
  readonly seal: Cipher | null;
  readonly files?: Files;
  readonly maxRecords?: number;
  readonly maxBytes?: number;
  readonly nowMs?: () => number;
}): Quarantine {
  const { seal, files = diskFiles, maxRecords = MAX_RECORDS, maxBytes = MAX_BYTES, nowMs = Date.now } = options;
  const folder = join(options.spoolFolder, 'quarantine');
  let counted: { atMs: number; held: ReturnType<typeof nothing> } | null = null;

  async function names(): Promise<readonly string[]> {
    try {
      return (await files.list(folder)).filter((name) => NAME.test(name)).sort();
    } catch (error) {
      if (isCode(error, 'ENOENT')) return [];
      throw error;
    }
  }

  async function count() {
    if (counted !== null && nowMs() - counted.atMs < COUNT_AGAIN_MS) return counted.held;
    const held = nothing();
    for (const name of await names()) {
      const bytes = await files.size(join(folder, name)).catch(() => null); // dropped meanwhile
      if (bytes !== null) add(held, reasonIn(name), bytes);
    }
    counted = { atMs: nowMs(), held };
    return held;
  }

  async function stored(name: string): Promise<Stored | null> {
    try {
      return parsed(await files.read(join(folder, name)));
    } catch (error) {
      if (isCode(error, 'ENOENT')) return null;
      throw error;
    }
  }

  return {
    async put({ content, ...told }) {
      const id = `${String(nowMs()).padStart(13, '0')}-${told.why}-${randomBytes(6).toString('hex')}`;
      const plain = Buffer.from(content);
      const header: QuarantineHeader = { id, at: new Date(nowMs()).toISOString(), ...told };
      const kept: Stored = {
        version: 1,
        ...header,
        form: seal === null ? 'plain' : 'sealed',
        content: Buffer.from(seal?.encrypt(plain, placeOf(id)) ?? plain).toString('base64'),
      };
      const bytes = Buffer.from(`${JSON.stringify(kept)}\n`);
      const of = (await count())[told.why];
      if (of.records >= maxRecords || of.bytes + bytes.length > maxBytes) return 'full';
      of.records += 1; // before it is written: several may be under way
      of.bytes += bytes.length;
      try {
        await files.makeFolder(folder);
        await writeWhole(files, folder, `${id}.json`, bytes);
      } catch (error) {
        counted = null;
        throw error;
      }
      return 'kept';
    },

    async list() {
      const headers: QuarantineHeader[] = [];
      for (const name of await names()) {
        const found = await stored(name);
        if (found !== null) headers.push(headerOf(found));
      }
      return headers;
    },

    async read(id) {
      if (!NAME.test(`${id}.json`)) return null; // it becomes a path
      const found = await stored(`${id}.json`);
      if (found === null) return null;
      const bytes = Buffer.from(found.content, 'base64');
      if (found.form === 'sealed' && seal === null) throw new KeyMissing('of an earlier setting');
      const opened = found.form === 'plain' ? bytes : (seal?.decrypt(bytes, placeOf(id)) ?? null);
      return { header: headerOf(found), content: opened === null ? null : Buffer.from(opened) };
    },

    async drop(id) {
      if (!NAME.test(`${id}.json`)) return false;
      try {
        await files.remove(join(folder, `${id}.json`));
      } catch (error) {
        if (isCode(error, 'ENOENT')) return false;
        throw error;
      }
      counted = null;
      return true;
    },

    held: count,
  };
}

type Stored = QuarantineHeader & {
  readonly version: 1;
  readonly form: 'plain' | 'sealed';
  /** Base64. */
  readonly content: string;
};

/** What is sealed opens under its own name only. */
function placeOf(id: string): string {
  return `quarantine/${id}`;
}

function headerOf({ id, why, at, kind, clientUserId, humanId, detail }: Stored): QuarantineHeader {
  return { id, why, at, kind, clientUserId, humanId, detail };
}

function parsed(bytes: Buffer): Stored | null {
  try {
    const read: Partial<Stored> | null = JSON.parse(bytes.toString());
    const ours = read?.version === 1 && typeof read.id === 'string' && typeof read.content === 'string';
    return ours ? (read as Stored) : null;
  } catch {
    return null; // not whole
  }
}

function nothing(): Record<QuarantineReason, { records: number; bytes: number }> {
  const none = () => ({ records: 0, bytes: 0 });
  return { refused: none(), signature: none(), damaged: none() };
}

function reasonIn(name: string): QuarantineReason {
  return REASONS.find((reason) => name.split('-')[1] === reason) ?? 'damaged';
}

function add(held: ReturnType<typeof nothing>, why: QuarantineReason, bytes: number): void {
  held[why].records += 1;
  held[why].bytes += bytes;
}
