import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readCompose } from '../deploy/compose';
import { commandsOf, fencesOf, pages, ROOT, textOf } from './markdown';

/** The page without its code blocks. */
function prose(page: string): string {
  return textOf(page).replace(/^```[\s\S]*?^```$/gm, '');
}

/** The anchors that GitHub gives to the headings. */
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

test.each(pages())('every link of %s has a target', (page) => {
  const links = [...prose(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
  const local = links.filter((link) => !/^https?:/.test(link));
  const broken = local.filter((link) => {
    const [path = '', anchor] = link.split('#');
    const target = path === '' ? page : join(dirname(page), path);
    return !existsSync(join(ROOT, target)) || (anchor !== undefined && !anchorsOf(target).includes(anchor));
  });
  expect(broken).toEqual([]);
});

test.each(pages())('every row of a table in %s has as many columns as its header', (page) => {
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

test.each(pages())('every npm command in %s exists', (page) => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const named = [...textOf(page).matchAll(/npm run ([\w:-]+)/g)].map(([, name = '']) => name);
  expect(named.filter((name) => scripts[name] === undefined)).toEqual([]);
});

test.each(pages())('every variable in %s is in .env.example or in the deployment', (page) => {
  const example = readFileSync(join(ROOT, '.env.example'), 'utf8');
  const compose = readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8');
  const named = [...prose(page).matchAll(/`([A-Z]+(?:_[A-Z]+)+)(?:=[^`]*)?`/g)].map(([, name = '']) => name);
  const variablesOfOthers = [
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
    named.filter(
      (name) => !example.includes(`#${name}=`) && !compose.includes(name) && !variablesOfOthers.includes(name),
    ),
  ).toEqual([]);
});

test.each(pages())('a process serves every metric in %s', (page) => {
  const named = [...new Set(textOf(page).match(/\bchartway_[a-z_]+/g))];
  const unknown = named.filter((name) => !isInSources(`'${name}'`));
  expect(unknown).toEqual([]);
});

function isInSources(text: string): boolean {
  try {
    execFileSync('grep', ['-rqF', '--', text, ...['src', 'scripts', 'deploy'].map((folder) => join(ROOT, folder))]);
    return true;
  } catch {
    return false;
  }
}

test('the Docker commands of the pages use existing profiles and services', () => {
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

test('the scripts in the commands of the pages exist', () => {
  const scripts = pages()
    .flatMap(commandsOf)
    .flatMap((line) => line.match(/(?:^|\s)(deploy\/[\w./-]+\.sh)/)?.[1] ?? []);
  expect(scripts.filter((script) => !existsSync(join(ROOT, script)))).toEqual([]);
});

/** How a document starts an applicant: by a command, by HTTP, in a file. */
const STARTS = [
  /(?:--client-user-id|start) (\S+) --email ([^\s<]+)/g,
  /"clientUserId": "([^"]+)",\s+"clientUserEmail": "([^"]+)"/g,
  /^(POL-\d+),([^,\s]+),/gm,
];

test('each id is of one person in all documents, so that a reader can follow them in any order', () => {
  const persons = new Map<string, Set<string>>();
  for (const document of [...pages(), 'docs/openapi.json', 'sandbox/invitation/outbox.html']) {
    const starts = STARTS.flatMap((pattern) => [...textOf(document).matchAll(pattern)]);
    // Later starts of an id in the same document show a conflict or another round.
    const first = new Map(starts.reverse().map(([, id = '', email = '']) => [id, email]));
    for (const [id, email] of first) persons.set(id, (persons.get(id) ?? new Set()).add(email));
  }
  expect(persons.size).toBeGreaterThan(5);
  expect([...persons].filter(([, emails]) => emails.size > 1)).toEqual([]);
});

test('each code block of a page names its language', () => {
  const languages = pages().flatMap((page) => fencesOf(page).map(({ language }) => `${page} ${language}`));
  expect(languages.filter((entry) => /^(README|docs).* $/.test(entry))).toEqual([]);
});

test.each(pages().filter((page) => !page.startsWith('docs/decisions/')))('every source file in %s exists', (page) => {
  const named = [...prose(page).matchAll(/`((?:src|sandbox|test|scripts)\/[\w./-]+\.\w+)`/g)].map(
    ([, file = '']) => file,
  );
  expect(named.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
});

test.each(pages())('every test that %s cites exists', (page) => {
  const cited = [...prose(page).matchAll(/\btest\/[\w/-]+(?![\w./-])/g)].map(([path]) => path);
  expect(cited.filter((path) => !existsSync(join(ROOT, path)) && !existsSync(join(ROOT, `${path}.test.ts`)))).toEqual(
    [],
  );
});

/** Printed by packages or by Docker. */
const MESSAGES_OF_OTHERS = /through proxy|secret file|env_file|real\.env|Permission denied/;

test('every message in the first column of troubleshooting occurs in the sources', () => {
  const cells = [...textOf('docs/troubleshooting.md').matchAll(/^\| (.+?) \|/gm)].map(([, cell = '']) => cell);
  const quotes = cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, quote = '']) => quote));
  const messages = quotes.filter((quote) => / /.test(quote) && !/^npm /.test(quote) && !MESSAGES_OF_OTHERS.test(quote));
  const parts = messages.flatMap((message) => message.split('...').map((part) => part.trim()));
  expect(parts.filter((part) => part.length > 5 && !isInSources(part))).toEqual([]);
});
