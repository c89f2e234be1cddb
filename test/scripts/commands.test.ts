import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UPSTREAM_NOWHERE } from '../support/processes';
import { ROOT, Running } from './small-project';

// The compiler and the bundler, while other tests use the other core.
const NOT_BUILT_LIMIT_MS = 180_000;

const PROCESSES = ['start', 'worker', 'webhook', 'starter', 'sandbox'];

describe('the commands of package.json', () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };

  it.each(PROCESSES)('%s is set up first and then becomes our process, which gets the signals', (name) => {
    expect(scripts[name]).toMatch(/^node scripts\/build\.mjs && exec node --enable-source-maps dist\/\S+\.js$/);
  });

  it(
    'come up from a clone that is not built when started at the same time, and end on SIGTERM to npm',
    async () => {
      const clone = notBuilt();
      const npm = (script: string, env: NodeJS.ProcessEnv) => new Running('npm', ['run', script], clone, env);
      const build = npm('build', {});
      const sandbox = npm('sandbox', { SANDBOX_PORT: '0' });
      const webhook = npm('webhook', {
        WEBHOOK_PORT: '0',
        WEBHOOK_SECRET: 'a-secret-for-this-test',
        WEBHOOK_SPOOL: 'off',
        ...UPSTREAM_NOWHERE,
      });
      try {
        await Promise.all([sandbox.prints('"ready"'), webhook.prints('"ready"')]);
        expect(await build.ended).toBe(0);
        const said = [build, sandbox, webhook].map(({ stderr }) => stderr).join('');
        expect(said).not.toContain('installing packages');
        expect(said.match(/compiling \(tsc\) \.\.\./g)).toHaveLength(1);
      } finally {
        for (const { child } of [build, sandbox, webhook]) child.kill('SIGTERM');
        await Promise.all([build.ended, sandbox.ended, webhook.ended]);
        rmSync(clone, { recursive: true, force: true });
      }
      expect([build, sandbox, webhook].map(({ stdout }) => stdout)).toEqual([
        '',
        expect.stringMatching(/^\{"event":"ready","process":"sandbox","addresses":\[.*\]\}\n$/),
        // With the checkpoint of its audit log, which it prints when it ends in order.
        expect.stringMatching(
          /^\{"event":"ready","process":"webhook","addresses":\[.*\]\}\n\{"event":"audit-head",.*\}\n$/,
        ),
      ]);
    },
    NOT_BUILT_LIMIT_MS,
  );
});

// What a clone would have, with what is not yet committed, and its packages: that they are installed once is a test of `npm run build`, and CI
// begins by installing all of them.
function notBuilt(): string {
  const clone = mkdtempSync(join(tmpdir(), 'chartway-clone-'));
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: ROOT });
  for (const path of new Set(listed.toString('utf8').split('\0').filter(Boolean))) {
    cpSync(join(ROOT, path), join(clone, path), { recursive: true });
  }
  symlinkSync(join(ROOT, 'node_modules'), join(clone, 'node_modules'), 'dir');
  return clone;
}
