import { execFile } from 'node:child_process';
import { statSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { readCommandLine } from '../../src/cli/commands/command-line';
import { readConfig } from '../../src/config';
import { API_KEY_FILE, createApiKeys } from '../../src/dev/api-key';
import { localApiEnvironment } from '../../src/dev/environments';
import { nextStepsMessage } from '../../src/dev/stack-messages';
import { useCleanup } from '../support/cleanup';
import { useFolders } from '../support/folders';
import { listenOnLoopback } from '../support/loopback';
import { UPSTREAM_NOWHERE } from '../support/processes';

const newFolder = useFolders();
const cleanUp = useCleanup();

/** The commands of the message that contain a word. */
function commandsOf(apiUrl: string, program: RegExp, temporalUiUrl: string | null = null): string[] {
  const stack = { apiUrl, sandboxUrl: 'http://127.0.0.1:1', temporalAddress: '127.0.0.1:4711', temporalUiUrl };
  const lines = nextStepsMessage(stack).split('\n');
  return lines.flatMap((line) => (line.startsWith('  ') && program.test(line) ? [line.trim()] : []));
}

test('the key of a start has every role at the api, and the entries of the user stay', async () => {
  const folder = await newFolder();
  const { api } = readConfig('verifier', { API_KEYS: `ann:read:${'a'.repeat(64)}` }, folder);
  const keys = createApiKeys(folder, api.keys);
  const env = localApiEnvironment(UPSTREAM_NOWHERE, { port: 1, keys, uiPort: null, hasSandbox: true });
  expect(readConfig('api', env, folder).api.keys.map(({ name, roles }) => `${name} ${roles.join('+')}`)).toEqual([
    'npm-start intake+read+contact+records+operate+audit',
    'ann read',
  ]);
  expect(statSync(path.join(folder, API_KEY_FILE)).mode & 0o777).toBe(0o600);
  expect(createApiKeys(folder, [])).not.toBe(keys);
});

test('the curl commands of the last message start, show, await and fetch an applicant with the key of the start', async () => {
  const folder = await newFolder();
  createApiKeys(path.join(folder, '.data'), []);
  const requests: string[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      requests.push([request.method, request.url, request.headers['content-type'], body].join(' ').trim());
      response.statusCode = /^Bearer [\w-]{43}$/.test(request.headers.authorization ?? '') ? 200 : 401;
      response.end(`{"open":${requests.length < 4}}`);
    });
  });
  const url = `http://127.0.0.1:${await listenOnLoopback(server)}`;
  cleanUp(() => server.close());
  const script = commandsOf(url, /curl|export/).join('\n');
  await promisify(execFile)('/bin/sh', ['-ec', script.replaceAll('curl ', 'curl --fail ')], { cwd: folder });
  expect(requests).toEqual([
    'POST /api/v1/applicants application/json {"clientUserId":"POL-1","clientUserEmail":"several@example.org"}',
    'GET /api/v1/applicants/POL-1',
    'GET /api/v1/applicants/POL-1',
    'GET /api/v1/applicants/POL-1',
    'GET /api/v1/applicants/POL-1/documents.zip',
  ]);
});

test('the commands of the last message are valid, and name a Temporal server that the start did not start', () => {
  const commands = commandsOf('http://127.0.0.1:1', / chartway /);
  expect(commands).toHaveLength(3);
  for (const command of commands) {
    const [settings = '', args = ''] = command.split('npm run chartway -- ');
    expect(settings).toContain('TEMPORAL_ADDRESS=127.0.0.1:4711 ');
    expect(readCommandLine(args.split(' ')).scope).toBe('chartway');
  }
  const [own] = commandsOf('http://127.0.0.1:1', / chartway /, 'http://127.0.0.1:8233');
  expect(own).toMatch(/^npm run chartway -- start /);
});
