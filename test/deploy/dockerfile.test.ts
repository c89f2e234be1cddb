import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findStage, lastInstruction, parseCopy, readStages } from './dockerfile';

const ROOT = join(__dirname, '..', '..');

const stages = readStages();
const instructions = stages.flatMap((stage) => stage.instructions);
const chartway = findStage('chartway');

test('each stage starts from the same image, pinned by tag and digest', () => {
  const images = new Set(stages.map(({ name }) => findStage(name ?? '').image));
  expect([...images]).toEqual([expect.stringMatching(/^node:24\.\d+\.\d+-bookworm-slim@sha256:[0-9a-f]{64}$/)]);
});

test('the image runs as a user other than root, who owns only the volumes', () => {
  expect(lastInstruction(chartway, 'USER')).toBe('1000:1000');
  expect(chartway.instructions.filter(({ text }) => /--chown/.test(text))).toEqual([]);
});

test('the image contains no development packages, sources or compiler', () => {
  const copies = chartway.instructions.filter(({ name }) => name === 'COPY').map(parseCopy);
  expect(copies.flatMap(({ sources }) => sources)).toEqual([
    'package.json',
    'deploy/with-secrets.sh',
    'deploy/run.sh',
    'deploy/ready.mjs',
    '/app/node_modules',
    '/app/dist/src',
    '/app/dist/workflow-bundle.js',
  ]);
  expect(copies.find(({ sources }) => sources.includes('/app/node_modules'))?.from).toBe('packages');
  expect(lastInstruction(findStage('packages'), 'RUN')).toContain('--omit=dev');
});

test('only npm ci downloads, from the lockfile', () => {
  expect(instructions.filter(({ name }) => name === 'ADD')).toEqual([]);
  const runs = instructions.filter(({ name }) => name === 'RUN').map(({ text }) => text);
  expect(runs.filter((text) => /curl|wget|apt|npm i(nstall)?\b|latest|sudo/.test(text))).toEqual([]);
  expect(runs.filter((text) => text.startsWith('npm '))).toEqual([
    'npm ci --include=dev --loglevel=error',
    'npm ci --omit=dev --loglevel=error',
  ]);
});

test('entry point and command are in exec form, so that signals reach the process', () => {
  const entryPoint = JSON.parse(lastInstruction(chartway, 'ENTRYPOINT') ?? '');
  expect(entryPoint).toEqual(['/app/deploy/with-secrets.sh', '/app/deploy/run.sh']);
  expect(stages.at(-1)?.name).toBe('chartway');
  expect(JSON.parse(lastInstruction(chartway, 'CMD') ?? '')).toEqual(['worker']);
});

test('the build context contains only what the Dockerfile copies', () => {
  const copies = instructions.filter(({ name }) => name === 'COPY').map(parseCopy);
  const copied = copies.filter(({ from }) => from === null).flatMap(({ sources }) => sources);
  const [first, ...others] = readFileSync(join(ROOT, '.dockerignore'), 'utf8')
    .split('\n')
    .filter((line) => /^[^#]/.test(line));
  expect(first).toBe('*');
  const included = others.map((line) => line.replace(/^!/, ''));
  expect(included.sort()).toEqual([...new Set(copied)].sort());
  expect(included.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
});
