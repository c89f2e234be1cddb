#!/usr/bin/env node
// npx chartway <command>: runs the compiled command line. `npm run chartway` also builds it.
import { existsSync } from 'node:fs';

const entry = new URL('../dist/src/chartway.js', import.meta.url);
if (!existsSync(entry)) {
  process.stderr.write('expected dist/src/chartway.js; run `npm run build` first\n');
  process.exit(2);
}
process.setSourceMapsEnabled(true);
await import(entry);
