import { createHash } from 'node:crypto';
import { isClientUserId } from '../domain/identifiers';
import { versionName } from '../domain/instants';
import { type Format, type ListedReport, type Organization, organizationKey } from '../domain/reports';

export const MANIFEST = 'manifest.json';

/** All ids of upstream's samples (24 hex digits, UUIDs, composites of them) match. */
const REPORT_ID = /^[A-Za-z0-9][A-Za-z0-9._~-]{0,99}$/;
const TYPE = /^[A-Za-z0-9_-]{1,80}$/;
/** Windows, and shares that Windows reads, take these names for devices, with any extension. */
const DEVICE = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i;
const SLUG_LENGTH = 60;
const DIGEST_LENGTH = 8;
const DIGEST_PART = new RegExp(`-[0-9a-f]{${DIGEST_LENGTH}}(?=\\.[a-z]+$)`);

/** An applicant's folder, relative to the store: the clientUserId itself. @throws Error for an invalid one; no caller passes one */
export function folderName(clientUserId: string): string {
  if (!isClientUserId(clientUserId)) throw new Error('expected a valid clientUserId for a folder of the report store');
  return clientUserId;
}

/**
 * A document's path in the applicant's folder, with "/" on every platform: `<type>/<organization or "person">/<reportId>.<version>.<format>`.
 * With a `sha256`: the path of other bytes under the same version, `<reportId>.<version>-<first 8 digits>.<format>`.
 */
export function documentFile(report: ListedReport, format: Format, sha256?: string): string {
  const organization = report.organization ? organizationFolder(report.organization) : 'person';
  const version = versionName(report.updatedAt) + (sha256 === undefined ? '' : `-${sha256.slice(0, DIGEST_LENGTH)}`);
  return `${typeFolder(report.type)}/${organization}/${reportName(report.id)}.${version}.${format}`;
}

/** The path without the digits of a sha256: encryption is bound to it, because the sha256 is known only after the last byte. */
export function withoutDigest(file: string): string {
  return file.replace(DIGEST_PART, '');
}

/** Whether a path could be one of {@link documentFile}: three parts, none of which leads out of the folder. */
export function isDocumentFile(file: string): boolean {
  return /^[a-z0-9_-]{1,80}\/[a-z0-9-]{1,80}\/[A-Za-z0-9][A-Za-z0-9._~-]{0,150}$/.test(file);
}

function typeFolder(type: string): string {
  // Tested first: toLowerCase turns some letters outside of the pattern (the Kelvin sign) into letters of it.
  return TYPE.test(type) && !DEVICE.test(type) ? type.toLowerCase() : sha256Hex(type.toLowerCase()).slice(0, 32);
}

/** A report's id if it is a safe file name, otherwise a digest of it; for file names. */
export function reportName(reportId: string): string {
  return REPORT_ID.test(reportId) && !DEVICE.test(reportId) ? reportId : sha256Hex(reportId).slice(0, 32);
}

/** Such as `universite-de-geneve-4f2a9c`; the 6 hex digits distinguish organizations of the same name. */
export function organizationFolder(organization: Organization): string {
  return `${toSlug(organization.name ?? '')}-${sha256Hex(organizationKey(organization)).slice(0, 6)}`;
}

function toSlug(name: string): string {
  const dashed = name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-');
  return trimDashes(trimDashes(dashed).slice(0, SLUG_LENGTH)) || 'provider';
}

function trimDashes(text: string): string {
  return text.replace(/^-|-$/g, '');
}

function sha256Hex(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
