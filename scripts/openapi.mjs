// node scripts/openapi.mjs: writes docs/openapi.json, the API as the code describes it (docs/versioning.md, "The REST API").
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { ensureBuilt } from './set-up/ensure.mjs';
import { log, ROOT, runCommand } from './set-up/project.mjs';

// No request is made, so nothing behind the routes is needed.
const NOTHING = {};
const SETTINGS = {
  keys: [],
  origins: [],
  tls: null,
  trustedProxies: [],
  codec: 'off',
  uiOrigins: [],
  oneTimeSessions: true,
};

await runCommand(async () => {
  await ensureBuilt();
  const { default: server } = await import('../dist/src/api/server.js');
  const app = await server.createApi({
    settings: SETTINGS,
    useCases: NOTHING,
    readiness: NOTHING,
    ring: null,
    namespace: 'default',
    audit: NOTHING,
    registry: new Registry(),
    log: NOTHING,
  });
  const file = join(ROOT, 'docs', 'openapi.json');
  writeFileSync(file, `${JSON.stringify(app.swagger(), null, 2)}\n`);
  await app.close();
  log(`wrote ${file}`);
});
