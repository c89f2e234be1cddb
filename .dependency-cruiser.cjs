// Who may import whom. The tables are the rules: what they do not list is forbidden, types included.
// test/architecture/import-rules.test.ts breaks each of them once.

// The folders of src/ and which others each may import.
const FOLDERS = {
  domain: [],
  disk: [],
  observability: ['disk'],
  process: ['disk', 'observability'],
  quarantine: ['disk', 'domain'],
  upstream: ['domain'],
  'human-api': ['upstream', 'domain', 'observability', 'process'],
  'report-store': ['disk', 'domain', 'observability', 'process'],
  events: ['report-store', 'domain', 'observability', 'process'],
  spool: ['disk', 'domain', 'observability', 'process', 'quarantine'],
  activities: ['upstream', 'events', 'report-store', 'quarantine', 'domain', 'observability', 'process'],
  workflows: ['domain'],
  temporal: ['workflows/contract.ts', 'domain', 'observability', 'process'],
  webhook: [
    'temporal',
    'spool',
    'quarantine',
    'upstream',
    'domain',
    'observability',
    'process',
    'human-api/notifications.ts',
  ],
  'use-cases': [
    'temporal',
    'workflows/contract.ts',
    'spool',
    'quarantine',
    'upstream',
    'disk',
    'domain',
    'observability',
    'process',
    'report-store',
    'events',
  ],
  api: [
    'use-cases',
    'events',
    'temporal',
    'workflows/contract.ts',
    'domain',
    'observability',
    'process',
    'report-store',
  ],
  cli: [
    'use-cases',
    'events',
    'temporal',
    'workflows/contract.ts',
    'spool',
    'quarantine',
    'upstream',
    'domain',
    'observability',
    'process',
    'report-store',
  ],
  // Which variables a process reads, and what it requires of them.
  configuration: [
    'activities/retention-settings.ts',
    'api/settings.ts',
    'events/settings.ts',
    'human-api/proxy-settings.ts',
    'webhook/signature-settings.ts',
    'temporal',
    'process',
  ],
  dev: ['api/keys.ts', 'temporal', 'disk', 'domain', 'observability', 'process'],
};

// What may be imported on top by `import type` alone: nothing of it is there at run time.
const TYPES = {
  activities: ['workflows/contract.ts'],
  workflows: ['activities'],
  temporal: ['config.ts'],
  dev: ['config.ts'],
};

// The composition roots, and the configuration that they read first.
const ROOTS = ['worker', 'webhook', 'api', 'starter', 'chartway', 'dev', 'config'];

// A folder matches everything in it.
const inSrc = (places) => places.map((place) => (place.endsWith('.ts') ? `^src/${place}$` : `^src/${place}/`));
const ours = '^(src|sandbox|console|bench|test|scripts)/';
const rootFiles = `^src/(${ROOTS.join('|')})\\.ts$`;
const knownPlaces = [rootFiles, ...inSrc(Object.keys(FOLDERS))];

function rule(name, comment, from, to) {
  return { name, comment, severity: 'error', from, to };
}

// Three times, because a rule looks at an import: of such a file, by such a file, or at a file that has neither.
function knownFolders(from, to) {
  return rule('known-folders-only', 'every file of src is in a folder of the table or is a root', from, to);
}

const folderRules = Object.entries(FOLDERS).map(([folder, allowed]) =>
  rule(
    `${folder}-imports-what-its-row-lists`,
    `src/${folder} may import ${[...allowed, ...(TYPES[folder] ?? [])].join(', ') || 'nothing of ours'}`,
    { path: inSrc([folder]) },
    { path: ours, pathNot: inSrc([folder, ...allowed, ...(TYPES[folder] ?? [])]) },
  ),
);

const typeRules = Object.entries(TYPES).map(([folder, places]) =>
  rule(
    `${folder}-imports-types-only`,
    `src/${folder} may take types from ${places.join(', ')}, with \`import type\`; nothing that runs`,
    { path: inSrc([folder]) },
    { path: inSrc(places), dependencyTypesNot: ['type-only'] },
  ),
);

module.exports = {
  forbidden: [
    ...folderRules,
    ...typeRules,
    rule(
      'domain-is-pure',
      'domain runs inside workflows: no package and no Node built-in, so that it is deterministic and the bundle small',
      { path: '^src/domain/' },
      { pathNot: '^src/domain/' },
    ),
    rule(
      'workflows-stay-deterministic',
      'workflow code may use @temporalio/workflow and @temporalio/common; no Node built-in, no zod, no other package',
      { path: '^src/workflows/' },
      { pathNot: ['^src/', '(^|/)node_modules/@temporalio/(workflow|common)/'] },
    ),
    rule(
      'no-imports-of-the-roots',
      'a root constructs and runs a process; what two of them need belongs in a folder (only config.ts is shared)',
      { path: '^(src|sandbox|console)/' },
      { path: rootFiles, pathNot: '^src/config\\.ts$' },
    ),
    rule(
      'sandbox-is-a-stranger',
      'it stands in for Human API and could live in another repository: HTTP is all it shares with us',
      { path: '^sandbox/' },
      { path: ours, pathNot: '^sandbox/' },
    ),
    rule(
      'console-is-a-stranger',
      'it reaches the API over HTTP only and is built for the browser',
      { path: '^console/' },
      { path: ours, pathNot: '^console/' },
    ),
    rule(
      'src-stands-alone',
      'what ships must not need what tests, measures or sets up',
      { path: '^src/' },
      {
        path: ours,
        pathNot: '^src/',
      },
    ),
    knownFolders({ path: '^src/' }, { path: '^src/', pathNot: knownPlaces }),
    knownFolders({ path: '^src/', pathNot: knownPlaces }, {}),
    knownFolders({ path: '^src/', pathNot: knownPlaces, orphan: true }, {}),
    rule('no-cycles', 'two files that need each other are one file, or share a third', {}, { circular: true }),
    rule('resolvable', 'an import that leads nowhere fails only when it is reached', {}, { couldNotResolve: true }),
    rule(
      'no-development-packages',
      'devDependencies are not installed where the product runs',
      { path: '^src/' },
      { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // Types too: after compilation an `import type` is gone, and with it the difference that the table makes.
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      extensions: ['.ts', '.tsx', '.js', '.mjs', '.d.ts'],
      exportsFields: ['exports'],
      conditionNames: ['require', 'node', 'import', 'default', 'types'],
    },
  },
};
