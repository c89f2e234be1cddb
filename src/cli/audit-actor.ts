import { userInfo } from 'node:os';

/** `cli:<os user>`, the actor of a command in the audit log. A user without a name, as in a container, is `uid-<number>`. */
export function readAuditActor(): string {
  return `cli:${readUserName().replace(/[^A-Za-z0-9._-]/g, '_')}`;
}

function readUserName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid-${process.getuid?.() ?? 'unknown'}`;
  }
}
