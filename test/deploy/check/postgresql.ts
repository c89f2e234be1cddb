import { existsSync, readdirSync } from 'node:fs';
import { chown, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { until } from '../../support/condition';
import { type RunningProgram, run, start } from './child';

/** Contains one folder for each installed version on Debian. */
const DEBIAN_FOLDER = '/usr/lib/postgresql';

/** Starts an empty PostgreSQL on loopback with one superuser, like the image with POSTGRES_USER and POSTGRES_PASSWORD_FILE. */
export async function startPostgresql(
  folder: string,
  port: number,
  account: { readonly user: string; readonly passwordFile: string },
): Promise<RunningProgram> {
  const bin = findBinaries();
  const data = join(folder, 'postgresql');
  const home = join(folder, 'postgresql-home');
  // PostgreSQL does not run as root.
  const user = process.getuid?.() === 0 ? await findUser('postgres') : null;
  const password = join(home, 'password');
  for (const path of [data, home]) await mkdir(path, { mode: 0o700 });
  await writeFile(password, await readFile(account.passwordFile));
  if (user !== null) for (const path of [data, home, password]) await chown(path, user.uid, user.gid);
  const options = { cwd: home, env: { PATH: bin, LC_ALL: 'C' }, ...(user ?? {}) };
  const auth = ['--auth', 'scram-sha-256', '--pwfile', password];
  await run('initdb', [join(bin, 'initdb'), '-D', data, '-U', account.user, ...auth], options);
  const flags = ['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', home];
  const server = start('postgresql', [join(bin, 'postgres'), ...flags], options);
  await until('PostgreSQL to accept connections', async () => {
    const ready = start('pg_isready', [join(bin, 'pg_isready'), '-h', '127.0.0.1', '-p', String(port)], options);
    return (await ready.exited) === 0;
  });
  return server;
}

function findBinaries(): string {
  const versions = existsSync(DEBIAN_FOLDER)
    ? readdirSync(DEBIAN_FOLDER)
        .map(Number)
        .sort((a, b) => a - b)
    : [];
  const newest = versions.at(-1);
  if (newest === undefined) throw new Error("expected Debian's PostgreSQL: apt-get install postgresql");
  return join(DEBIAN_FOLDER, String(newest), 'bin');
}

async function findUser(name: string): Promise<{ uid: number; gid: number }> {
  const line = (await readFile('/etc/passwd', 'utf8')).split('\n').find((entry) => entry.startsWith(`${name}:`));
  const [, , uid, gid] = line?.split(':') ?? [];
  if (uid === undefined || gid === undefined) throw new Error(`expected a user ${name}`);
  return { uid: Number(uid), gid: Number(gid) };
}
