import { createHash } from 'node:crypto';
import type { StoredDocument } from '../../src/domain/reports';
import { NoSuchDocument } from '../../src/report-store/errors';
import type { DigestKeys } from '../../src/report-store/keyed-digest';
import { mergeManifest, newManifest } from '../../src/report-store/manifest';
import type { Manifest, ReportStore } from '../../src/report-store/port';
import { checkShelfName, folderOfPrefix, type Shelf } from '../../src/report-store/shelf';
import { until } from './condition';
import { deferred } from './deferred';

/** The keys of digests in tests. */
export const DIGEST_KEYS: DigestKeys = { keys: [Buffer.alloc(32, 7)], clientSecret: 'test' };

/** A report store in memory. */
export class FakeStore implements ReportStore {
  readonly manifests = new Map<string, Manifest>();
  /** Every written manifest, in order. */
  readonly written: Manifest[] = [];
  /** The changes that led to them. */
  readonly changes: Parameters<ReportStore['updateManifest']>[0][] = [];

  private held: Promise<void> | null = null;
  private heldCalls = 0;

  /** Holds every read and write of a manifest until the returned function is called. */
  hold(): () => void {
    this.heldCalls = 0;
    const { promise, resolve } = deferred();
    this.held = promise;
    return resolve;
  }

  /** Waits, in real time, for a held call. */
  async waitForCall(): Promise<void> {
    await until('a held call of the store', () => this.heldCalls > 0);
  }

  /** Adds the manifest of an earlier round. */
  addManifest(clientUserId: string, fields: Partial<Manifest>): void {
    this.manifests.set(clientUserId, newManifest(clientUserId, fields));
  }

  save: ReportStore['save'] = async (document, body) => {
    const hash = createHash('sha256');
    let bytes = 0;
    for await (const chunk of body) {
      hash.update(chunk);
      bytes += chunk.length;
    }
    const { report, format, contentType, newest, round } = document;
    const sha256 = hash.digest('hex');
    if (newest?.sha256 === sha256) return { ...newest, seenAt: report.updatedAt };
    const entry: StoredDocument = {
      file: `${report.type}/${report.id}.${report.updatedAt}.${format}`,
      type: report.type,
      organization: report.organization,
      format,
      reportId: report.id,
      updatedAt: report.updatedAt,
      seenAt: null,
      sha256,
      bytes,
      contentType,
      storedAt: '2026-01-01T00:00:00.000Z',
      superseded: false,
      round: round ?? 1,
    };
    return entry;
  };

  readManifest: ReportStore['readManifest'] = async (clientUserId) => {
    this.heldCalls += 1;
    await this.held;
    return this.manifests.get(clientUserId) ?? null;
  };

  updateManifest: ReportStore['updateManifest'] = async (change) => {
    this.heldCalls += 1;
    await this.held;
    const before = this.manifests.get(change.clientUserId) ?? null;
    const manifest = mergeManifest(before, change);
    this.manifests.set(change.clientUserId, manifest);
    this.written.push(manifest);
    this.changes.push(change);
    return manifest;
  };

  erase: ReportStore['erase'] = async (clientUserId) => {
    const documents = this.manifests.get(clientUserId)?.documents.length;
    this.manifests.delete(clientUserId);
    return documents === undefined ? 0 : documents + 1;
  };

  applicants: ReportStore['applicants'] = async () => [...this.manifests.keys()].sort();

  readonly shelf: Shelf = memoryShelf();

  readDocument: ReportStore['readDocument'] = () => {
    throw new NoSuchDocument('expected no document to be read');
  };

  claim: ReportStore['claim'] = async () => {};

  check = async (): Promise<void> => {};

  identity: ReportStore['identity'] = async () => ({ id: '0'.repeat(32), createdAt: '2026-01-01T00:00:00.000Z' });
  init = this.identity;
  identifyLegacy: ReportStore['identifyLegacy'] = async () => null;
}

function memoryShelf(): Shelf {
  const files = new Map<string, Buffer>();
  return {
    put: async (name, bytes) => void files.set(checkShelfName(name), Buffer.from(bytes)),
    get: async (name) => files.get(checkShelfName(name)) ?? null,
    update: async (name, change) => {
      for (;;) {
        const before = files.get(checkShelfName(name)) ?? null;
        const next = await change(before);
        // Another writer came between.
        if ((files.get(name) ?? null) !== before) continue;
        if (next === 'remove') files.delete(name);
        else if (next !== 'keep') files.set(name, Buffer.from(next));
        return;
      }
    },
    list: async (prefix) => {
      folderOfPrefix(prefix);
      return [...files.keys()].filter((name) => name.startsWith(prefix)).sort();
    },
    remove: async (name) => files.delete(checkShelfName(name)),
  };
}
