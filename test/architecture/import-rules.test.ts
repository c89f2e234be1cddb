import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { cruise, ROOT } from './cruise';
import { checkImports, type Files, importable, PLACES, type Place } from './fixture';

/** What a folder may import of a place. */
type Permission = 'all' | 'types' | 'nothing';

// The import table, written a second time: what a folder may take from where. What is not listed is forbidden.
const TABLE: Record<string, Partial<Record<Place, Permission>>> = {
  domain: {},
  disk: {},
  observability: { disk: 'all' },
  process: { disk: 'all', observability: 'all' },
  quarantine: { disk: 'all', domain: 'all' },
  upstream: { domain: 'all' },
  'human-api': { upstream: 'all', domain: 'all', observability: 'all', process: 'all' },
  'report-store': { disk: 'all', domain: 'all', observability: 'all', process: 'all' },
  events: { 'report-store': 'all', domain: 'all', observability: 'all', process: 'all' },
  spool: { disk: 'all', domain: 'all', observability: 'all', process: 'all', quarantine: 'all' },
  activities: {
    upstream: 'all',
    events: 'all',
    'report-store': 'all',
    quarantine: 'all',
    domain: 'all',
    observability: 'all',
    process: 'all',
    'workflows/contract': 'types',
  },
  workflows: { domain: 'all', activities: 'types' },
  temporal: { 'workflows/contract': 'all', domain: 'all', observability: 'all', process: 'all', config: 'types' },
  webhook: {
    temporal: 'all',
    spool: 'all',
    quarantine: 'all',
    upstream: 'all',
    domain: 'all',
    observability: 'all',
    process: 'all',
    'human-api/notifications': 'all',
  },
  'use-cases': {
    temporal: 'all',
    'workflows/contract': 'all',
    spool: 'all',
    quarantine: 'all',
    upstream: 'all',
    disk: 'all',
    domain: 'all',
    observability: 'all',
    process: 'all',
    'report-store': 'all',
    events: 'all',
  },
  api: {
    'use-cases': 'all',
    temporal: 'all',
    'workflows/contract': 'all',
    domain: 'all',
    observability: 'all',
    process: 'all',
    'report-store': 'all',
    events: 'all',
  },
  cli: {
    'use-cases': 'all',
    temporal: 'all',
    'workflows/contract': 'all',
    spool: 'all',
    quarantine: 'all',
    upstream: 'all',
    domain: 'all',
    observability: 'all',
    process: 'all',
    'report-store': 'all',
    events: 'all',
  },
  configuration: { temporal: 'all', process: 'all' },
  dev: { temporal: 'all', disk: 'all', domain: 'all', observability: 'all', process: 'all', config: 'types' },
};

const pairs = Object.entries(TABLE).flatMap(([folder, permissions]) =>
  (Object.keys(PLACES) as Place[])
    .filter((place) => place.split('/')[0] !== folder)
    .map((place): [string, Permission, Place] => [folder, permissions[place] ?? 'nothing', place]),
);

const importer = (folder: string, place: Place, what: string) =>
  `src/${folder}/takes-${what}-of-${PLACES[place].replace('/', '-')}.ts`;

const value = (from: string) => `import { thing } from '${from}';\nexport const taken = thing;\n`;
const type = (from: string) => `import type { Thing } from '${from}';\nexport type Taken = Thing;\n`;

describe('the import table', () => {
  let faults: Map<string, Set<string>>;

  beforeAll(() => {
    const files = importable();
    for (const [folder, , place] of pairs) {
      files[importer(folder, place, 'value')] = value(`../${PLACES[place]}`);
      files[importer(folder, place, 'type')] = type(`../${PLACES[place]}`);
    }
    faults = checkImports(files);
  });

  it.each(pairs)('allows %s to import %s of %s', (folder, permission, place) => {
    expect({
      value: !faults.has(importer(folder, place, 'value')),
      type: !faults.has(importer(folder, place, 'type')),
    }).toEqual({ value: permission === 'all', type: permission !== 'nothing' });
  });
});

// The rule, what breaks it, the file in which it must be found and the files that take part.
const VIOLATIONS: Array<[rule: string, title: string, faulty: string, files: Files]> = [
  breaks('workflows-stay-deterministic', 'a Node built-in in workflow code', 'src/workflows/hash.ts', 'node:crypto'),
  breaks('workflows-stay-deterministic', 'zod in workflow code', 'src/workflows/parse.ts', 'zod'),
  breaks(
    'workflows-stay-deterministic',
    'another Temporal package in workflow code',
    'src/workflows/call.ts',
    '@temporalio/client',
  ),
  breaks('domain-is-pure', 'a Node built-in in the domain', 'src/domain/hash.ts', 'node:crypto'),
  breaks('domain-is-pure', 'a package in the domain', 'src/domain/parse.ts', 'zod'),
  breaks('sandbox-is-a-stranger', 'the sandbox taking from src', 'sandbox/taker.ts', '../src/domain/thing'),
  breaks('console-is-a-stranger', 'the console taking from src', 'console/taker.ts', '../src/domain/thing'),
  breaks('no-imports-of-the-roots', 'a root importing a root', 'src/starter.ts', './worker'),
  breaks('src-stands-alone', 'src taking from the tests', 'src/chartway.ts', '../test/thing'),
  breaks('src-stands-alone', 'src taking from the scripts', 'src/dev/taker.ts', '../../scripts/thing'),
  breaks('no-development-packages', 'a development package in src', 'src/cli/taker.ts', 'jest'),
  breaks('resolvable', 'an import that leads nowhere', 'src/cli/lost.ts', './nowhere'),
  breaks('known-folders-only', 'a root that is not in the list', 'src/extra.ts', './domain/thing'),
  breaks('known-folders-only', 'an importing file in an unknown folder', 'src/utils/taker.ts', '../domain/thing'),
  [
    'known-folders-only',
    'a lone file in an unknown folder',
    'src/utils/lone.ts',
    { 'src/utils/lone.ts': 'export {};\n' },
  ],
  [
    'known-folders-only',
    'an imported file in an unknown folder',
    'src/dev.ts',
    { 'src/utils/given.ts': 'export const thing = 1;\n', 'src/dev.ts': value('./utils/given') },
  ],
  [
    'no-cycles',
    'two files that need each other',
    'src/cli/hen.ts',
    { 'src/cli/hen.ts': value('./egg'), 'src/cli/egg.ts': "export { taken as thing } from './hen';\n" },
  ],
];

function breaks(rule: string, title: string, faulty: string, from: string): [string, string, string, Files] {
  return [rule, title, faulty, { [faulty]: value(from) }];
}

const ALLOWED: Array<[title: string, file: string, from: string]> = [
  ['workflow code its own package', 'src/workflows/story.ts', '@temporalio/workflow'],
  ['workflow code the common package', 'src/workflows/failure.ts', '@temporalio/common'],
  ['an edge zod', 'src/api/parse.ts', 'zod'],
  ['a root the configuration', 'src/api.ts', './config'],
  ['a root any folder', 'src/chartway.ts', './cli/thing'],
];

describe('outside the table', () => {
  let faults: Map<string, Set<string>>;

  beforeAll(() => {
    faults = checkImports(Object.assign(importable(), ...VIOLATIONS.map(([, , , files]) => files)));
  });

  it.each(VIOLATIONS)('%s forbids %s', (rule, _title, faulty) => {
    expect([...(faults.get(faulty) ?? [])]).toContain(rule);
  });

  it('allows the rest', () => {
    const files = Object.fromEntries(ALLOWED.map(([, file, from]) => [file, value(from)]));
    expect(checkImports({ ...importable(), ...files })).toEqual(new Map());
  });

  it('holds for the project itself', () => {
    const places = ['src', 'sandbox', 'console'].filter((folder) => existsSync(join(ROOT, folder)));
    expect(cruise(ROOT, places)).toEqual(new Map());
  });
});
