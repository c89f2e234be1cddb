// Writes docs/openapi.json, the OpenAPI file that the api generates from its schemas. A test compares the two.
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { ensureBuilt } from './set-up/ensure.mjs';
import { ROOT, runCommand } from './set-up/project.mjs';

await runCommand(async () => {
  await ensureBuilt();
  const require = createRequire(import.meta.url);
  const { createApi } = require(join(ROOT, 'dist/src/api/server.js'));
  const { createRegistry } = require(join(ROOT, 'dist/src/observability/metrics.js'));
  const { createLogger } = require(join(ROOT, 'dist/src/observability/log.js'));
  const { readConfig } = require(join(ROOT, 'dist/src/config.js'));
  // The defaults, without the environment and .env of the user.
  const { api: settings } = readConfig('verifier', {}, join(ROOT, 'dist'));
  // Generating the file calls no use case, no check of readiness and no audit log.
  const app = await createApi({
    settings,
    useCases: {},
    readiness: {},
    ring: null,
    namespace: 'default',
    audit: {},
    registry: createRegistry('api'),
    log: createLogger({ process: 'openapi', level: 'silent' }),
  });
  writeFileSync(join(ROOT, 'docs/openapi.json'), `${JSON.stringify(app.swagger(), null, 1)}\n`);
  await app.close();
});
