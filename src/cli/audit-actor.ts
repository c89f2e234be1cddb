import { userInfo } from 'node:os';

/** `cli:<os user>`: who runs a command, for the audit log. A user without a name, as in a container, is told by number. */
export function readAuditActor(): string {
  return `cli:${nameOfUser().replace(/[^A-Za-z0-9._-]/g, '_')}`;
}

function nameOfUser(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid-${process.getuid?.() ?? 'unknown'}`;
  }
}
