import type { FileEncryption } from '../domain/encryption';
import { createFolderStore } from './folder/store';
import type { ReportStore } from './port';

/** The value of REPORT_STORE. */
export type ReportStoreTarget =
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 's3'; readonly bucket: string; readonly prefix: string };

/** Parses `./reports` or `s3://bucket/prefix`. */
export function parseReportStore(
  text: string,
): { ok: true; target: ReportStoreTarget } | { ok: false; expected: string } {
  const trimmed = text.trim();
  const [, scheme, rest = ''] = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/(.*)$/s.exec(trimmed) ?? [];
  if (scheme === undefined && trimmed !== '' && !trimmed.includes('\0')) {
    return { ok: true, target: { kind: 'folder', path: trimmed } };
  }
  const [bucket = '', ...parts] = rest.split('/');
  // S3 allows 3 to 63 lower-case letters, digits, dots and hyphens for a bucket.
  if (scheme?.toLowerCase() === 's3' && /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket)) {
    return { ok: true, target: { kind: 's3', bucket, prefix: parts.filter((part) => part !== '').join('/') } };
  }
  return { ok: false, expected: 'the path of a folder, such as ./reports, or s3://bucket/prefix' };
}

/** `expectedId`: the only identity that is accepted; null accepts any. @throws Error for S3, which this version does not support */
export function openReportStore(
  target: ReportStoreTarget,
  encryption?: FileEncryption,
  expectedId: string | null = null,
): ReportStore {
  if (target.kind === 'folder') return createFolderStore(target.path, encryption, expectedId);
  throw new Error(
    'REPORT_STORE: expected the path of a folder, such as ./reports, because this version does not support s3://',
  );
}
