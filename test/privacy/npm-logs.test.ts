import { join } from 'node:path';
import { spawnCommand } from '../support/command';
import { useFolders } from '../support/folders';
import { useBuild } from '../support/processes';
import { filesIn } from '../support/stored';

useBuild();
const newFolder = useFolders();

test('npm logs no arguments of the starter', async () => {
  const cache = await newFolder();
  // The settings of the npm that runs this test would override the cache folder.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));
  const args = ['run', 'starter', '--', '--client-user-id', 'not an id', '--email', 'canary@example.org'];
  const npm = spawnCommand(['npm', ...args], {
    cwd: join(__dirname, '../..'),
    env: { ...env, npm_config_cache: cache },
  });
  expect(await npm.exited).toBe(2);
  const files = [...(await filesIn(cache))].filter(([, bytes]) => bytes.includes('canary'));
  expect(files.map(([file]) => file)).toEqual([]);
});
