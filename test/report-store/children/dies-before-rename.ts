import fs from 'node:fs/promises';
import { createFolderStore } from '../../../src/report-store/folder/store';
import { change, documentToStore, pdf, pieces } from '../fixtures';

// Stops before the rename of a complete document or manifest, and waits to be killed.
const [, , root = '', what] = process.argv;
for (const name of ['link', 'rename'] as const) {
  const real = fs[name];
  fs[name] = async (from, to) => {
    if (!/\.(pdf|json)$/.test(String(to))) return real(from, to);
    process.send?.('about to rename');
    return new Promise(() => undefined);
  };
}

setInterval(() => undefined, 1_000);
const store = createFolderStore(root);
if (what === 'document') void store.save(documentToStore(), pieces(pdf('new')));
else void store.updateManifest(change({ outcome: 'failed' }));
