import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { copyOf, lastOf, readStages, stageOf } from './dockerfile';

const ROOT = join(__dirname, '..', '..');

function setup() {
  const stages = readStages();
  const last = stageOf('chartway');
  const copies = stages.flatMap(({ instructions }) => instructions.filter(({ name }) => name === 'COPY').map(copyOf));
  return {
    stages,
    last,
    fromContext: copies.filter(({ from }) => from === null).flatMap(({ sources }) => sources),
  };
}

test('every stage begins with the same image, pinned by tag and digest', () => {
  const { stages } = setup();
  const images = new Set(stages.map(({ name }) => stageOf(name ?? '').image));
  expect([...images]).toEqual([expect.stringMatching(/^node:24\.\d+\.\d+-bookworm-slim@sha256:[0-9a-f]{64}$/)]);
});

test('the image runs as a user who is not root, and owns nothing but the volumes', () => {
  const { last } = setup();
  expect(lastOf(last, 'USER')).toBe('1000:1000');
  expect(last.instructions.filter(({ text }) => /--chown/.test(text))).toEqual([]);
});

test('development packages, sources and the compiler stay behind in their stages', () => {
  const { last } = setup();
  const intoImage = last.instructions.filter(({ name }) => name === 'COPY').map(copyOf);
  expect(intoImage.flatMap(({ sources }) => sources)).toEqual([
    'package.json',
    'deploy/with-secrets.sh',
    'deploy/run.sh',
    'deploy/ready.mjs',
    '/app/node_modules',
    '/app/dist/src',
    '/app/dist/workflow-bundle.js',
  ]);
  expect(intoImage.find(({ sources }) => sources.includes('/app/node_modules'))?.from).toBe('packages');
  expect(lastOf(stageOf('packages'), 'RUN')).toContain('--omit=dev');
});

test('packages come from the lockfile, and nothing is fetched in any other way', () => {
  const { stages } = setup();
  const all = stages.flatMap(({ instructions }) => instructions);
  expect(all.filter(({ name }) => name === 'ADD')).toEqual([]);
  const runs = all.filter(({ name }) => name === 'RUN').map(({ text }) => text);
  expect(runs.filter((text) => /curl|wget|apt|npm i(nstall)?\b|latest|sudo/.test(text))).toEqual([]);
  expect(runs.filter((text) => text.startsWith('npm '))).toEqual([
    'npm ci --include=dev --loglevel=error',
    'npm ci --omit=dev --loglevel=error',
  ]);
});

test('entry point and health check are in exec form: no shell stands between a signal and its process', () => {
  const { last } = setup();
  expect(JSON.parse(lastOf(last, 'ENTRYPOINT') ?? '')).toEqual(['/app/deploy/with-secrets.sh', '/app/deploy/run.sh']);
  expect(readStages().at(-1)?.name).toBe('chartway');
  expect(JSON.parse(lastOf(last, 'CMD') ?? '')).toEqual(['worker']);
});

test('the build is sent what it takes, and nothing else', () => {
  const { fromContext } = setup();
  const lines = readFileSync(join(ROOT, '.dockerignore'), 'utf8')
    .split('\n')
    .filter((line) => /^[^#]/.test(line));
  expect(lines[0]).toBe('*');
  const sent = lines.slice(1).map((line) => line.replace(/^!/, ''));
  expect([...new Set(sent)].sort()).toEqual([...new Set(fromContext)].sort());
  expect(sent.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
});
