import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeIfAbsent } from '../../disk/atomic-file';
import { nullIfAbsent } from '../../disk/folders';
import { WrongFolder } from '../errors';
import type { ApplicantFiles } from './applicant-files';
import { draftName } from './drafts';
import { makeStoreFolder, rejectLinks } from './store-folders';

/** Names the owner of a folder without a manifest. Written before the invitation, removed after the first manifest. */
export const CLAIM = '.applicant.json';

/** Reserves an applicant's folder. On a case-insensitive file system, `POL-9` and `pol-9` share it and only the first claim is written. @throws WrongFolder */
export async function claimFolder(files: ApplicantFiles): Promise<void> {
  if (await hasOwnClaim(files)) return;
  await makeStoreFolder(files.base, files.draftFolder);
  await makeStoreFolder(files.base, files.path);
  const text = `${JSON.stringify({ clientUserId: files.clientUserId })}\n`;
  const write = () => writeIfAbsent(files.pathOf(CLAIM), join(files.draftFolder, draftName()), text);
  await write();
  if (await hasOwnClaim(files)) return;
  // Incomplete: a process crashed, or is writing, on a file system without hard links.
  await rm(files.pathOf(CLAIM), { force: true });
  await write();
  await hasOwnClaim(files);
}

/** For a folder with a manifest. A claim that cannot be removed does no harm, because it counts only without a manifest. */
export async function removeClaim(files: ApplicantFiles): Promise<void> {
  await rm(files.pathOf(CLAIM), { force: true }).catch(() => undefined);
}

/** False without a claim, or for one that cannot be parsed. @throws WrongFolder for the claim of another applicant */
export async function hasOwnClaim(files: ApplicantFiles): Promise<boolean> {
  const path = files.pathOf(CLAIM);
  if (!(await rejectLinks(files.base, path))) return false;
  const owner = parseOwner((await nullIfAbsent(readFile(path, 'utf8'))) ?? '');
  if (owner === null) return false;
  if (owner === files.clientUserId) return true;
  throw new WrongFolder(
    `${files.clientUserId}: expected a folder of its own in the report store, got another applicant's`,
  );
}

function parseOwner(text: string): string | null {
  try {
    const { clientUserId } = JSON.parse(text) as { clientUserId?: unknown };
    return typeof clientUserId === 'string' ? clientUserId : null;
  } catch {
    return null;
  }
}
