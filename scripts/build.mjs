// npm run build: installs and builds where that is needed. Every other command runs it first.
import { ensureBuilt } from './set-up/ensure.mjs';
import { command } from './set-up/project.mjs';

await command(ensureBuilt);
