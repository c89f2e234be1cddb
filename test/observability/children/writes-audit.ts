import { openAudit } from '../../../src/observability/audit';

// Records concurrently like a starter with a file, and sends each acknowledged id, until it is killed.
const [, , folder = '', writer = ''] = process.argv;
const WORKERS = 20;

let count = 0;
async function work(audit: Awaited<ReturnType<typeof openAudit>>): Promise<void> {
  for (;;) {
    count += 1;
    const clientUserId = `${writer}-${count}`;
    await audit.record({ who: 'cli:tester', did: 'start', clientUserId });
    process.send?.(clientUserId);
  }
}

void openAudit({ folder, process: 'starter', partMaxBytes: 20_000 }).then((audit) => {
  for (let each = 0; each < WORKERS; each += 1) void work(audit);
});
