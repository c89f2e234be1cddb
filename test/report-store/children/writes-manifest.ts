import { createFolderStore } from '../../../src/report-store/folder-store';
import { change, entry } from '../fixtures';

// Adds its own documents to one manifest, one at a time, beside others that do the same, and tells of each that is safe.
const [, , root = '', writer = '', times = ''] = process.argv;

process.once('message', async () => {
  const store = createFolderStore(root);
  for (let count = 0; count < Number(times); count += 1) {
    const reportId = `writer-${writer}-${count}`;
    await store.updateManifest(change({ documents: [entry({ reportId })] }));
    process.send?.(reportId);
  }
  process.disconnect();
});
process.send?.('ready');
