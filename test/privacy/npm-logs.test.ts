import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { useBuild } from '../support/processes';
import { filesIn } from '../support/stored';

useBuild();

test('npm logs no arguments of the starter', async () => {
  const cache = await mkdtemp(join(tmpdir(), 'chartway-npm-'));
  try {
    // The settings of the npm that runs this test would override the cache folder.
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));
    const args = ['run', 'starter', '--', '--client-user-id', 'not an id', '--email', 'canary@example.org'];
    const npm = spawn('npm', args, {
      cwd: join(__dirname, '../..'),
      env: { ...env, npm_config_cache: cache },
      stdio: 'ignore',
    });
    expect(await once(npm, 'exit')).toEqual([2, null]);
    const files = [...(await filesIn(cache))].filter(([, bytes]) => bytes.includes('canary'));
    expect(files.map(([file]) => file)).toEqual([]);
  } finally {
    await rm(cache, { recursive: true, force: true });
  }
});
