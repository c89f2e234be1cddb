import { createHash } from 'node:crypto';
import { isClientUserId } from '../domain/identifiers';
import { versionName } from '../domain/instants';
import { type Format, type ListedReport, type Organization, organizationKey } from '../domain/reports';

/** The manifest's name within an applicant's folder. */
export const MANIFEST = 'manifest.json';

/** Every id that upstream's samples show (24 hex digits, UUIDs, composites of them) is left as it is; no dot first, no separator. */
const REPORT_ID = /^[A-Za-z0-9][A-Za-z0-9._~-]{0,99}$/;
const TYPE = /^[A-Za-z0-9_-]{1,80}$/;
/** Windows, and what shares its folders with others, takes these for devices, whatever follows a dot. */
const DEVICE = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i;
const SLUG_LENGTH = 60;

/**
 * An applicant's folder, relative to the store: the clientUserId itself.
 * @throws Error for one outside the alphabet, which no caller lets through: a folder name is never raw input
 */
export function applicantFolder(clientUserId: string): string {
  if (!isClientUserId(clientUserId)) throw new Error('expected a valid clientUserId for a folder of the report store');
  return clientUserId;
}

/** `<type>/<organization or "person">/<reportId>.<version>.<format>`: a document's place in the applicant's folder, "/" on every platform. */
export function documentFile(report: ListedReport, format: Format): string {
  const organization = report.organization ? organizationFolder(report.organization) : 'person';
  return `${typeFolder(report.type)}/${organization}/${reportName(report.id)}.${versionName(report.updatedAt)}.${format}`;
}

/** Whether a name could be {@link documentFile}'s: three parts, none of which leads anywhere else. */
export function isDocumentFile(file: string): boolean {
  return /^[a-z0-9_-]{1,80}\/[a-z0-9-]{1,80}\/[A-Za-z0-9][A-Za-z0-9._~-]{0,150}$/.test(file);
}

function typeFolder(type: string): string {
  // Tested before it is lowered: some letters outside the pattern lower into it.
  return TYPE.test(type) && !DEVICE.test(type) ? type.toLowerCase() : sha256Hex(type.toLowerCase()).slice(0, 32);
}

/** A report's id where it can be a name, otherwise a digest of it: in file names and in the audit log. */
export function reportName(reportId: string): string {
  return REPORT_ID.test(reportId) && !DEVICE.test(reportId) ? reportId : sha256Hex(reportId).slice(0, 32);
}

/** `universite-de-geneve-` and 6 hex digits that tell organizations of one name apart: readable, and never upstream's raw text. */
export function organizationFolder(organization: Organization): string {
  return `${slugOf(organization.name ?? '')}-${sha256Hex(organizationKey(organization)).slice(0, 6)}`;
}

function slugOf(name: string): string {
  const dashed = name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-');
  return trimmed(trimmed(dashed).slice(0, SLUG_LENGTH)) || 'provider';
}

function trimmed(dashed: string): string {
  return dashed.replace(/^-|-$/g, '');
}

function sha256Hex(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
