import { readFile, rm } from 'node:fs/promises';
import { isCode } from '../../disk/folders';
import { WrongFolder } from '../port';
import type { ApplicantFiles } from './applicant-files';
import { expectNoLinks, makeFolder } from './no-links';
import { publishOnce } from './publish-once';

/** Says whose a folder is, from before the invitation until there is a manifest, which says it instead. */
export const CLAIM = '.applicant.json';

/**
 * Makes an applicant's folder theirs. Where capitals do not count, `POL-9` and `pol-9` are one folder: the first one's claim is found by the second,
 * and of two at once one. @throws WrongFolder
 */
export async function claimFolder(files: ApplicantFiles): Promise<void> {
  if ((await expectOwnClaim(files)) === 'own') return;
  await makeFolder(files.base, files.incoming);
  await makeFolder(files.base, files.path);
  const text = `${JSON.stringify({ clientUserId: files.clientUserId })}\n`;
  await publishOnce(files.pathOf(CLAIM), files.incoming, text);
  if ((await expectOwnClaim(files)) === 'own') return;
  // Half of one, left by a crash on a file system without hard links: it belongs to no one.
  await rm(files.pathOf(CLAIM), { force: true });
  await publishOnce(files.pathOf(CLAIM), files.incoming, text);
  await expectOwnClaim(files);
}

/** Once there is a manifest. What cannot be removed does no harm: only where there is no manifest is a claim looked at. */
export async function removeClaim(files: ApplicantFiles): Promise<void> {
  await rm(files.pathOf(CLAIM), { force: true }).catch(() => undefined);
}

/** Whether the folder is claimed; `none` also for a claim that cannot be read. @throws WrongFolder for another applicant's */
export async function expectOwnClaim(files: ApplicantFiles): Promise<'own' | 'none'> {
  const path = files.pathOf(CLAIM);
  if (!(await expectNoLinks(files.base, path))) return 'none';
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (isCode(error, 'ENOENT', 'ENOTDIR')) return '';
    throw error;
  });
  const owner = ownerIn(text);
  if (owner === null) return 'none';
  if (owner === files.clientUserId) return 'own';
  throw new WrongFolder(
    `${files.clientUserId}: expected a folder of its own in the report store, got another applicant's`,
  );
}

function ownerIn(text: string): string | null {
  try {
    const { clientUserId } = JSON.parse(text) as { clientUserId?: unknown };
    return typeof clientUserId === 'string' ? clientUserId : null;
  } catch {
    return null;
  }
}
