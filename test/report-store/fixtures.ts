import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createFolderStore } from '../../src/report-store/folder/store';
import type { DocumentToStore, ManifestChange } from '../../src/report-store/port';
import { useFolders } from '../support/folders';
import { filesIn, ORGANIZATION } from '../support/stored';

export function pdf(text: string): string {
  return `%PDF-1.4\n${text}\ntrailer\nstartxref\n15\n%%EOF\n`;
}

/** Three chunks of an encrypted file and a bit; no two positions look alike. */
export const LONG_PDF = pdf(Array.from({ length: 30_000 }, (_, index) => index.toString(36).padStart(6)).join('\n'));

/** A body like that of a connection: `size` bytes at a time. */
export async function* pieces(text: string, size = 7): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size);
}

export function documentToStore(change: Partial<DocumentToStore> = {}): DocumentToStore {
  return {
    clientUserId: 'POL-1',
    report: { id: 'report-1', type: 'unity', organization: ORGANIZATION, updatedAt: '2026-03-01T10:00:00.000Z' },
    format: 'pdf',
    contentType: 'application/pdf',
    contentLength: null,
    newest: null,
    ...change,
  };
}

export function change(changed: Partial<ManifestChange> = {}): ManifestChange {
  return {
    clientUserId: 'POL-1',
    humanId: 'f'.repeat(32),
    outcome: null,
    reason: null,
    wanted: { unity: ['json', 'pdf'] },
    detailsDigest: 'd'.repeat(64),
    openedAt: '2026-03-01T09:00:00.000Z',
    closedAt: null,
    documents: [],
    missing: [],
    ...changed,
  };
}

/** Returns a function that creates a folder store; all are removed after the tests of the file. */
export function useStore() {
  const newFolder = useFolders();
  return async (encryption?: Parameters<typeof createFolderStore>[1]) => {
    const root = await newFolder('reports');
    const store = createFolderStore(root, encryption);
    await store.init();
    return {
      root,
      store,
      save: (change: Partial<DocumentToStore> = {}, body = pdf('x')) =>
        store.save(documentToStore(change), pieces(body)),
      read: (file: string) => readFile(join(root, 'POL-1', file), 'utf8'),
      /** The names of all files, drafts included, except the identity of the store. */
      files: async () => [...(await filesIn(root)).keys()].filter((name) => name !== '.chartway/store.json').sort(),
    };
  };
}
