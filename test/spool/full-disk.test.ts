import { basename } from 'node:path';
import { Registry } from 'prom-client';
import { NO_ENCRYPTION } from '../../src/domain/encryption';
import { createLogger } from '../../src/observability/log';
import { openConfiguredSpool } from '../../src/spool/configured-spool';
import { diskFiles, type Files } from '../../src/spool/files';
import { until } from '../support/condition';
import { createTarget, faultyFiles, newFolder, systemError } from './fixture';

const full = () => Promise.reject(systemError('ENOSPC'));

test.each<[string, Partial<Files>]>([
  ['no byte', faultyFiles({ write: full })],
  // A new folder needs a block of its own on ext4.
  ['no folder', { makeFolder: (path) => (basename(path).startsWith('.') ? full() : diskFiles.makeFolder(path)) }],
])('a disk that takes %s does not stop the start: notices are refused until there is space', async (_what, faults) => {
  const files = { ...diskFiles, ...faults };
  const lines: string[] = [];
  const log = createLogger({ process: 'test', level: 'debug' }, { write: (line: string) => lines.push(line) });
  const given = { maxBytes: 1e6, encryption: NO_ENCRYPTION, registry: new Registry(), log, files, openEveryMs: 20 };
  const spool = await openConfiguredSpool({ ...given, folder: await newFolder() });
  const { target, taken } = createTarget();
  spool?.start(target);
  expect(spool?.healthy).toBe(false);
  await expect(spool?.append(['early'], Date.now() + 5_000)).rejects.toMatchObject({ kind: 'spool-failed' });
  expect(lines.join('')).toContain('the disk of WEBHOOK_SPOOL is full');
  Object.assign(files, diskFiles);
  await until('space', () =>
    spool?.append(['late'], Date.now() + 5_000).then(
      () => true,
      () => false,
    ),
  );
  await until('the delivery', () => taken.includes('late'));
  expect(taken).not.toContain('early');
  await spool?.close();
});
