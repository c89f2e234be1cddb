import { SetUpFault } from './project.mjs';

// What package.json's "engines" asks for; repeated here because an old Node must hear it before anything is installed.
const NEEDED = [20, 20];

/** Throws a SetUpFault where this Node is too old; `version` like "20.20.2". */
export function requireNode(version = process.versions.node) {
  const [major, minor] = version.split('.').map(Number);
  if (major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1])) return;
  throw new SetUpFault(
    `Node ${NEEDED.join('.')} or newer is needed, this is ${version} (${process.execPath}). Install a newer one and run the command again.`,
  );
}
