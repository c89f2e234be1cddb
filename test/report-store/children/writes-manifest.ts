import { createFolderStore } from '../../../src/report-store/folder-store';
import { change, entry } from '../fixtures';

// Adds its own documents to one manifest, one at a time, beside others that do the same.
const [, , root = '', writer = '', times = ''] = process.argv;

process.once('message', async () => {
  const store = createFolderStore(root);
  for (let count = 0; count < Number(times); count += 1) {
    await store.updateManifest(change({ documents: [entry({ reportId: `writer-${writer}-${count}` })] }));
  }
  process.disconnect();
});
process.send?.('ready');
