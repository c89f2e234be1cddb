import { openAudit } from '../../../src/observability/audit';

// Records as a starter with a file does, many at once, and tells of each that is safe, until it is killed.
const [, , folder = '', writer = ''] = process.argv;
const HANDS = 20;

let count = 0;
async function hand(audit: Awaited<ReturnType<typeof openAudit>>): Promise<void> {
  for (;;) {
    count += 1;
    const clientUserId = `${writer}-${count}`;
    await audit.record({ who: 'cli:tester', did: 'start', clientUserId });
    process.send?.(clientUserId);
  }
}

void openAudit({ folder, process: 'starter', partMaxBytes: 20_000 }).then((audit) => {
  for (let each = 0; each < HANDS; each += 1) void hand(audit);
});
