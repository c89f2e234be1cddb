import fs from 'node:fs/promises';
import { createFolderStore } from '../../../src/report-store/folder/store';
import { change, documentToStore, pdf, pieces } from '../fixtures';

// Stands still where a whole document, or a whole manifest, is about to get its final name, and waits to be killed.
const [, , root = '', what] = process.argv;
const rename = fs.rename;
fs.rename = async (from, to) => {
  if (!/\.(pdf|json)$/.test(String(to))) return rename(from, to);
  process.send?.('about to rename');
  return new Promise(() => undefined);
};

setInterval(() => undefined, 1_000);
const store = createFolderStore(root);
if (what === 'document') void store.save(documentToStore(), pieces(pdf('new')));
else void store.updateManifest(change({ outcome: 'failed' }));
