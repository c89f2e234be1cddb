import { createFolderStore } from '../../../src/report-store/folder/store';
import { storedDocument } from '../../support/stored';
import { change } from '../fixtures';

// Adds its own documents to one manifest, one at a time, concurrently with other writers, and sends the id of each that is stored. The first message starts it;
// it writes until the second, so that the parent can observe concurrent writes.
const [, , root = '', writer = '', times = ''] = process.argv;

process.once('message', async () => {
  let isEnough = false;
  process.once('message', () => {
    isEnough = true;
  });
  const store = createFolderStore(root);
  for (let count = 0; count < Number(times) || !isEnough; count += 1) {
    const reportId = `writer-${writer}-${count}`;
    await store.updateManifest(change({ documents: [storedDocument({ reportId })] }));
    process.send?.(reportId);
  }
  process.disconnect();
});
process.send?.('ready');
