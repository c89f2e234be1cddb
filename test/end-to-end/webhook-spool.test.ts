import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BUILD_TIMEOUT_MS, ensureBuilt, killLeftOvers, runProcess } from '../support/processes';

let folder: string;

beforeAll(ensureBuilt, BUILD_TIMEOUT_MS);
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chartway-spool-'));
});
afterEach(async () => {
  await killLeftOvers();
  await rm(folder, { recursive: true, force: true });
});

test('a webhook whose spool cannot be made says so and ends with status 2, before it listens', async () => {
  await writeFile(join(folder, 'file'), '');
  const env = { WEBHOOK_PORT: '0', WEBHOOK_SECRET: 's', WEBHOOK_SPOOL: join(folder, 'file', 'spool') };
  const { status, lines, said } = await runProcess('webhook', folder, env, []);
  expect({ status, lines }).toEqual({ status: 2, lines: [] });
  expect(said).toMatch(/WEBHOOK_SPOOL: expected a folder .* came ".*" \(ENOTDIR\)/);
}, 60_000);
