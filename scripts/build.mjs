// npm run build: installs packages and builds dist/ if needed. The other commands run it first.
import { ensureBuilt } from './set-up/ensure.mjs';
import { runCommand } from './set-up/project.mjs';

await runCommand(ensureBuilt);
