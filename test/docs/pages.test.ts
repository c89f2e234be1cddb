import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readCompose } from '../deploy/compose';
import { commandsOf, fencesOf, pages, ROOT, textOf } from './markdown';

/** Outside blocks, where text is shown as it is. */
function prose(page: string): string {
  return textOf(page).replace(/^```[\s\S]*?^```$/gm, '');
}

/** As GitHub makes them of headings. */
function anchorsOf(page: string): string[] {
  const headings = [...textOf(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading);
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\w\s-]/g, '')
      .trim()
      .replaceAll(' ', '-'),
  );
}

test.each(pages())('every link of %s leads somewhere', (page) => {
  const links = [...prose(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
  const local = links.filter((link) => !/^https?:/.test(link));
  const broken = local.filter((link) => {
    const [path = '', anchor] = link.split('#');
    const target = path === '' ? page : join(dirname(page), path);
    return !existsSync(join(ROOT, target)) || (anchor !== undefined && !anchorsOf(target).includes(anchor));
  });
  expect(broken).toEqual([]);
});

test.each(pages())('every row of a table in %s has the columns of its head', (page) => {
  const tables = prose(page).match(/(?:^\|.*\n?)+/gm) ?? [];
  const uneven = tables.flatMap((table) => {
    const rows = table.trim().split('\n');
    return rows.filter((row) => cellsOf(row) !== cellsOf(rows[0] ?? ''));
  });
  expect(uneven).toEqual([]);
});

function cellsOf(row: string): number {
  return row.replace(/`[^`]*`/g, '').split('|').length;
}

test.each(pages())('every npm command that %s names is one', (page) => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const named = [...textOf(page).matchAll(/npm run ([\w:-]+)/g)].map(([, name = '']) => name);
  expect(named.filter((name) => scripts[name] === undefined)).toEqual([]);
});

test.each(pages())('every variable that %s names is in .env.example or in the deployment', (page) => {
  const known = readFileSync(join(ROOT, '.env.example'), 'utf8');
  const compose = readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8');
  const named = [...prose(page).matchAll(/`([A-Z]+(?:_[A-Z]+)+)(?:=[^`]*)?`/g)].map(([, name = '']) => name);
  const others = [
    'HTTP_PROXY',
    'NO_COLOR',
    'FORCE_COLOR',
    'PROPERTY_SEED',
    'TEMPORAL_CLI_PATH',
    'CHARTWAY_CACHE',
    'SECRETS_FOLDER',
    'NODE_OPTIONS',
    'NODE_EXTRA_CA_CERTS',
  ];
  expect(
    named.filter((name) => !known.includes(`#${name}=`) && !compose.includes(name) && !others.includes(name)),
  ).toEqual([]);
});

test.each(pages())('every metric that %s names is one that a process serves', (page) => {
  const named = [...new Set(textOf(page).match(/\bchartway_[a-z_]+/g))];
  const unknown = named.filter((name) => !isInSources(`'${name}'`));
  expect(unknown).toEqual([]);
});

function isInSources(text: string): boolean {
  try {
    execFileSync('grep', ['-rqF', text, join(ROOT, 'src')]);
    return true;
  } catch {
    return false;
  }
}

test('the Docker commands of the pages name profiles and services that are there', () => {
  const { services } = readCompose();
  const profiles = Object.values(services).flatMap(({ profiles }) => profiles);
  const commands = pages()
    .flatMap(commandsOf)
    .filter((line) => line.startsWith('docker compose'));
  expect(commands.length).toBeGreaterThan(0);
  for (const command of commands) {
    const words = command.split(/\s+/).slice(2);
    const profile = words.indexOf('--profile');
    if (profile >= 0) expect(profiles).toContain(words[profile + 1]);
    const service = /\b(?:run --rm|exec -T|logs|cp|--no-deps|restart) (.+)$/.exec(command)?.[1]?.split(/[\s:]/)[0];
    if (service !== undefined && !service.startsWith('-')) expect(Object.keys(services)).toContain(service);
  }
});

test('the scripts that the pages run are there', () => {
  const scripts = pages()
    .flatMap(commandsOf)
    .flatMap((line) => line.match(/(?:^|\s)(deploy\/[\w./-]+\.sh)/)?.[1] ?? []);
  expect(scripts.filter((script) => !existsSync(join(ROOT, script)))).toEqual([]);
});

test('each block of a page says what it is', () => {
  const languages = pages().flatMap((page) => fencesOf(page).map(({ language }) => `${page} ${language}`));
  expect(languages.filter((entry) => /^(README|docs).* $/.test(entry))).toEqual([]);
});
