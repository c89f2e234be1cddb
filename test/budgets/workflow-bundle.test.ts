import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { useBuild } from '../support/processes';

/** Every worker reads the bundle at its start. */
const MAX_BYTES = 1_850_000;
/** Temporal's packages and their dependencies. More packages slow down every replay. */
const PACKAGES = ['@temporalio/common', '@temporalio/workflow', 'long', 'ms', 'nexus-rpc'];

useBuild();

function setup() {
  return readFileSync(join(__dirname, '../../dist/workflow-bundle.js'), 'utf8');
}

test(`the workflow bundle has at most ${MAX_BYTES} bytes`, () => {
  expect(Buffer.byteLength(setup())).toBeLessThanOrEqual(MAX_BYTES);
});

test('workflow code contains only packages of Temporal', () => {
  const [, map = ''] = /sourceMappingURL=data:[^,]*,([A-Za-z0-9+/=]+)\s*$/.exec(setup()) ?? [];
  const { sources } = JSON.parse(Buffer.from(map, 'base64').toString('utf8')) as { sources: string[] };
  const packages = sources.flatMap((source) => /.*node_modules\/((@[^/]+\/)?[^/]+)/.exec(source)?.[1] ?? []);
  expect([...new Set(packages)].sort()).toEqual(PACKAGES);
});
