import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { NO_ENCRYPTION } from '../../src/domain/encryption';
import { createLogger } from '../../src/observability/log';
import { openConfiguredSpool } from '../../src/spool/configured-spool';
import { diskFiles } from '../../src/spool/files';
import { until } from '../support/condition';
import { deferred } from '../support/deferred';
import { cleanUp, createTarget, faultyFiles, newFolder, open, segmentsIn, systemError } from './fixture';

cleanUp();

async function textsIn(folder: string): Promise<string> {
  return [...(await segmentsIn(folder)).values()].join('');
}

async function partIn(folder: string): Promise<string> {
  const name = (await readdir(folder)).find((found) => found.startsWith('part-'));
  return join(folder, name ?? 'none');
}

describe('a notice acknowledged after the removal of', () => {
  test.each<[string, (folder: string) => Promise<unknown>]>([
    ['the whole folder', (folder) => rm(folder, { recursive: true })],
    [
      'the content of the folder',
      async (folder) => {
        for (const name of await readdir(folder)) await rm(join(folder, name), { recursive: true });
      },
    ],
    ['the partition', async (folder) => rm(await partIn(folder), { recursive: true })],
    ['the partition, by a rename', async (folder) => rename(await partIn(folder), join(folder, 'elsewhere'))],
    [
      'the segment',
      async (folder) => {
        for (const name of (await segmentsIn(folder)).keys()) await rm(join(folder, name));
      },
    ],
  ])('%s is in the folder and is delivered', async (_what, take) => {
    const { folder, append, spool, metric, logged } = await open();
    await append('before');
    await take(folder);
    await append('after');
    expect(await textsIn(folder)).toContain('after');
    await append('once more');
    expect(await textsIn(folder)).toMatch(/after[\s\S]*once more/);
    const { target, taken } = createTarget();
    spool.start(target);
    await until('the notice', () => taken.includes('once more'));
    expect(new Set(taken)).toEqual(new Set(['after', 'once more']));
    await until('an empty spool', async () => (await metric('chartway_spool_segments')) === 0);
    expect(logged()).toContain('was removed before its notices were delivered');
  });

  test('a folder that is put back loses no notice: its segments are claimed', async () => {
    const { folder, append, spool } = await open({ claimEveryMs: 50 });
    await append('before');
    const part = await partIn(folder);
    await rename(part, join(folder, 'elsewhere'));
    await append('after');
    await rename(join(folder, 'elsewhere'), part);
    const { target, taken } = createTarget();
    spool.start(target);
    await until('both', () => taken.includes('before') && taken.includes('after'));
  });

  test('an idle spool creates its folder again', async () => {
    const { folder, spool, logged } = await open({ claimEveryMs: 50 });
    spool.start(createTarget().target);
    await rm(folder, { recursive: true });
    await until('a partition', async () => (await readdir(folder).catch(() => [])).length > 0);
    await until('the log message', () => logged().includes('the spool folder was removed; creating it again'));
  });

  test('no notice is acknowledged while the volume is gone', async () => {
    let disk = 'volume';
    const { folder, append, spool, logged } = await open({ files: { ...diskFiles, disk: async () => disk } });
    await append('before');
    await rename(folder, `${folder}.away`);
    await mkdir(folder);
    disk = 'root';
    await expect(append('after')).rejects.toMatchObject({ kind: 'spool-failed', cause: { kind: 'other-disk' } });
    expect(spool.healthy).toBe(false);
    expect(await textsIn(folder)).toBe('');
    await rm(folder, { recursive: true });
    await rename(`${folder}.away`, folder);
    disk = 'volume';
    await append('again');
    expect(await textsIn(folder)).toMatch(/before[\s\S]*again/);
    expect(logged()).not.toContain('creating it again');
  });

  test('no notice is acknowledged if the folder cannot be created again', async () => {
    const files = { ...diskFiles };
    const { folder, append } = await open({ files });
    await append('before');
    files.makeFolder = async () => Promise.reject(systemError('EROFS'));
    await rm(folder, { recursive: true });
    await expect(append('after')).rejects.toMatchObject({ kind: 'spool-failed', cause: { code: 'EROFS' } });
  });
});

describe('a fault of the configuration is', () => {
  const fault = async (options: Partial<Parameters<typeof openConfiguredSpool>[0]>) => {
    const log = createLogger({ process: 'test', level: 'silent' });
    const given = {
      folder: await newFolder(),
      maxBytes: 1e6,
      encryption: NO_ENCRYPTION,
      registry: new Registry(),
      log,
    };
    return openConfiguredSpool({ ...given, ...options });
  };

  test('a folder that cannot be written', async () => {
    const files = faultyFiles({ create: () => Promise.reject(systemError('EROFS')) });
    await expect(fault({ files })).rejects.toThrow(/WEBHOOK_SPOOL: expected a folder .*\(EROFS\)/);
  });

  test('a disk that does not answer', async () => {
    const { promise: synced, resolve: answer } = deferred();
    const sync = () => synced;
    await expect(fault({ files: faultyFiles({ sync }), openTimeoutMs: 100 })).rejects.toThrow(
      /WEBHOOK_SPOOL: expected a folder .*\(ETIMEDOUT\)/,
    );
    answer();
  });
});
