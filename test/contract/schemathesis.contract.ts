import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { useFolders } from '../support/folders';
import { API_KEY, useInstallation } from '../support/installation';

// npm run test:api (scripts/test-api.mjs). Schemathesis makes valid and invalid requests from docs/openapi.json, and compares
// each answer with the file.

const DOCUMENT = join(__dirname, '../../docs/openapi.json');
/** Its answer does not end, so Schemathesis would wait for it. */
const STREAM = '/api/v1/stream';
const OPERATIONS = Object.entries(JSON.parse(readFileSync(DOCUMENT, 'utf8')).paths as Record<string, object>)
  .filter(([path]) => path !== STREAM)
  .flatMap(([path, item]) => Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`));
/** The applicant of the examples in the file, closed with documents. */
const EXAMPLE_ID = 'POL-20417';

/** Schemathesis knows no NDJSON. */
const SERIALIZERS = `import schemathesis

@schemathesis.serializer("application/x-ndjson")
def to_lines(_context, value):
    return str(value).encode("utf-8", "replace")
`;
const CHECKS = [
  ...['not_a_server_error', 'status_code_conformance', 'content_type_conformance'],
  ...['response_schema_conformance', 'response_headers_conformance'],
];
/** Repeats a run exactly. */
const SEED = 20_417;
/** Requests for each operation and phase: some 90 s in all on two busy cores. */
const EXAMPLES = 15;
const RUN_LIMIT_MS = 300_000;

const installation = useInstallation({
  speed: 1_200,
  notices: 'sent',
  policy: { SETTLE_ALL_SYNCED: '1s', POLL_SYNCING: '1s', SETTLE_ERROR: '1s' },
});
const newFolder = useFolders();
/** By operation: the failures, as Schemathesis describes them. */
let results: ReadonlyMap<string, readonly string[]>;

beforeAll(async () => {
  const api = await installation().startApi();
  await installation().startSamples([
    { clientUserId: EXAMPLE_ID, as: 'eager' },
    { clientUserId: 'POL-20418', as: 'silent' },
  ]);
  await installation().waitForEnd(EXAMPLE_ID);
  results = await runSchemathesis(api.addresses[0] ?? '', await newFolder());
}, RUN_LIMIT_MS);

test.each(OPERATIONS)(
  '%s answers every request as docs/openapi.json describes, and never with an unexpected 5xx',
  (operation) => {
    expect(results.get(operation)).toEqual([]);
  },
);

async function runSchemathesis(url: string, folder: string): Promise<ReadonlyMap<string, readonly string[]>> {
  // In a file, because other users can see the arguments of a process.
  await writeFile(join(folder, 'schemathesis.toml'), `headers = { Authorization = "Bearer ${API_KEY}" }\n`);
  const args = [
    ...['-m', 'schemathesis.cli', 'run', DOCUMENT, '--url', url, '--checks', CHECKS.join()],
    ...['--phases', 'examples,coverage,fuzzing', '--max-examples', String(EXAMPLES), '--seed', String(SEED)],
    // Below the limit of the api for one key, so that most answers are not 429.
    ...['--exclude-path', STREAM, '--rate-limit', '90/s', '--generation-database', 'none', '--continue-on-failure'],
    ...['--report', 'junit', '--report-dir', folder, '--no-color'],
  ];
  await writeFile(join(folder, 'serializers.py'), SERIALIZERS);
  const path = [folder, process.env['SCHEMATHESIS_PACKAGES']].join(':');
  const env = { PATH: process.env['PATH'], HOME: folder, PYTHONPATH: path, SCHEMATHESIS_HOOKS: 'serializers' };
  const options = { cwd: folder, env, timeout: RUN_LIMIT_MS, maxBuffer: 64 * 1024 * 1024 };
  // Status 1: failures, which the report contains.
  const output = await promisify(execFile)('python3', args, options).then(
    ({ stdout }) => stdout,
    (error: { stdout: string; stderr: string }) => `${error.stdout}${error.stderr}`,
  );
  const report = readdirSync(folder).find((name) => name.endsWith('.xml'));
  if (report === undefined) throw new Error(`expected a report of Schemathesis:\n${output.slice(-4_000)}`);
  return failuresIn(readFileSync(join(folder, report), 'utf8'));
}

/** The failures of each test case of a JUnit report. */
function failuresIn(xml: string): ReadonlyMap<string, readonly string[]> {
  const cases = xml.matchAll(/<testcase name="([^"]*)"[^>]*?(?:\/>|>(.*?)<\/testcase>)/gs);
  return new Map(
    [...cases].map(([, name = '', body = '']) => [
      unescaped(name),
      [...body.matchAll(/<(?:failure|error)[^>]*>(.*?)<\/(?:failure|error)>/gs)].map(([, text = '']) =>
        unescaped(text),
      ),
    ]),
  );
}

function unescaped(text: string): string {
  const named = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' } as const;
  return text.replace(/&(lt|gt|quot|apos|amp);/g, (_match, name: keyof typeof named) => named[name]);
}
