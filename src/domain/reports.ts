import { versionMs, versionName } from './instants';
import { groupProviders, matchesProvider, type Organization, type Provider } from './providers';

export { type Organization, organizationKey } from './providers';

export const FORMATS = ['json', 'html', 'pdf'] as const;
export type Format = (typeof FORMATS)[number];

/** Which reports are wanted: type in lower case to formats, none twice. */
export type Wanted = Readonly<Record<string, readonly Format[]>>;

/** One row of upstream's list. `type` as upstream spells it; `organization` null for a report of the whole person. */
export interface ListedReport {
  readonly id: string;
  readonly type: string;
  readonly organization: Organization | null;
  readonly updatedAt: string | null;
}

/** What a row of a list shows without its identity: that a provider, or the person, has a report of a type. Type '' for one that is not wanted. */
export type ListedKind = Pick<ListedReport, 'type' | 'organization'>;

/** One stored format of one version of a report: an entry of the manifest. `file` is relative to the manifest. */
export interface StoredDocument {
  readonly file: string;
  readonly type: string;
  readonly organization: Organization | null;
  readonly format: Format;
  readonly reportId: string;
  /** The version that was stored. */
  readonly updatedAt: string | null;
  /** The newest version that turned out to be the same bytes. */
  readonly seenAt: string | null;
  readonly sha256: string;
  readonly bytes: number;
  readonly contentType: string;
  readonly storedAt: string;
  /** A newer version is there, or the applicant's details were corrected since: the document is then another person's, perhaps. */
  readonly superseded: boolean;
  /** The round that stored it; not given: the first. */
  readonly round?: number;
  /** Only where the file is encrypted; `sha256` and `bytes` are always those of the clear bytes. */
  readonly encrypted?: true;
}

/**
 * `not-offered`: upstream said that it has none. `not-listed`: none is listed, which may change. `missing`: it should have been listed. `failed`: it
 * could not be had.
 */
export type MissingReason = 'not-offered' | 'not-listed' | 'missing' | 'failed';

/** A wanted document that is not there. Only `missing` and `failed` spoil an outcome. */
export interface MissingDocument {
  readonly type: string;
  readonly organization: Organization | null;
  readonly format: Format;
  readonly reason: MissingReason;
  readonly detail: string;
}

/** A document to have: one format of one version of a listed report. */
export interface WantedDocument {
  readonly report: ListedReport;
  readonly format: Format;
}

/** Which formats upstream's six known types can have. Texts differ on json for healthcheck and highlights, so it is allowed. */
const POSSIBLE_FORMATS: Readonly<Record<string, readonly Format[]>> = {
  unity: ['json', 'html', 'pdf'],
  ccdraw: ['html', 'pdf'],
  apidata: ['json'],
  timeline: ['json'],
  healthcheck: ['json', 'html', 'pdf'],
  highlights: ['json', 'html', 'pdf'],
};

/** Whether a type is one of upstream's own; every other one is a contract's custom type. */
export function isKnownType(type: string): boolean {
  return wantedFormats(POSSIBLE_FORMATS, type) !== undefined;
}

/** `unity:json,pdf;ccdraw:pdf` as {@link Wanted}; otherwise what was expected, for an error. */
export function parseWanted(text: string): { ok: true; wanted: Wanted } | { ok: false; expected: string } {
  const wanted = new Map<string, Format[]>();
  for (const part of text.split(';').filter((piece) => piece.trim() !== '')) {
    const [name = '', list = '', ...rest] = part.split(':');
    const type = name.trim().toLowerCase();
    if (!/^[a-z0-9_-]{1,80}$/.test(type) || rest.length > 0) {
      return { ok: false, expected: 'types of 1 to 80 letters, digits, "_" or "-", each as type:format,format' };
    }
    if (wanted.has(type)) return { ok: false, expected: `the type ${type} once` };
    const formats = list.split(',').map((format) => format.trim().toLowerCase());
    const possible = wantedFormats(POSSIBLE_FORMATS, type) ?? FORMATS;
    if (!formats.every((format): format is Format => (possible as readonly string[]).includes(format))) {
      return { ok: false, expected: `one or more of ${possible.join(', ')} for the type ${type}` };
    }
    wanted.set(type, [...new Set(formats as Format[])]);
  }
  return wanted.size > 0
    ? { ok: true, wanted: Object.fromEntries(wanted) }
    : { ok: false, expected: 'at least one type with its formats, such as unity:json,pdf;ccdraw:pdf' };
}

/** Whether a document is of the present details: those of earlier rounds were stored for others, and count as nothing. */
export function isFromCurrentDetails({ round = 1 }: StoredDocument, detailsRound: number): boolean {
  return round >= detailsRound;
}

/** What of a list is wanted: every report of a wanted type in each of its formats. */
export function listWantedDocuments(listed: readonly ListedReport[], wanted: Wanted): WantedDocument[] {
  return listed.flatMap((report) => (wantedFormats(wanted, report.type) ?? []).map((format) => ({ report, format })));
}

/** The formats wanted of a type, in whatever case it is spelled; undefined for a type that is not wanted. */
export function wantedFormats(byType: Wanted, type: string): readonly Format[] | undefined {
  const key = type.toLowerCase();
  // Own keys only: a type is others' text and could be called "constructor".
  return Object.hasOwn(byType, key) ? byType[key] : undefined;
}

/** One document's identity: a report, its version, a format. */
export function documentKey(document: WantedDocument): string {
  return versionKey(document.report.id, document.report.updatedAt, document.format);
}

/** The document that a key names; a report id may hold any character. */
export function parseDocumentKey(key: string): { reportId: string; version: string; format: Format } {
  const formatAt = key.lastIndexOf('|');
  const versionAt = key.lastIndexOf('|', formatAt - 1);
  const format = key.slice(formatAt + 1) as Format;
  return { reportId: key.slice(0, versionAt), version: key.slice(versionAt + 1, formatAt), format };
}

const keysByDocuments = new WeakMap<readonly StoredDocument[], ReadonlySet<string>>();

/** The keys of all stored versions, as bytes of their own or as the same bytes seen again under a later version. */
export function storedDocumentKeys(stored: readonly StoredDocument[]): ReadonlySet<string> {
  const known = keysByDocuments.get(stored);
  if (known) return known;
  const keys = new Set(
    stored.flatMap(({ reportId: id, format, updatedAt, seenAt }) => [
      versionKey(id, updatedAt, format),
      ...(seenAt === null ? [] : [versionKey(id, seenAt, format)]),
    ]),
  );
  keysByDocuments.set(stored, keys);
  return keys;
}

function versionKey(reportId: string, updatedAt: string | null, format: Format): string {
  return `${reportId}|${versionName(updatedAt)}|${format}`;
}

/** The newest stored version of a report in a format, whose bytes a newer version is compared with. */
export function findNewestVersion(
  stored: readonly StoredDocument[],
  reportId: string,
  format: Format,
): StoredDocument | null {
  const versions = stored.filter((entry) => entry.reportId === reportId && entry.format === format);
  versions.sort((a, b) => versionMs(b.updatedAt, b.storedAt) - versionMs(a.updatedAt, a.storedAt));
  return versions[0] ?? null;
}

/** The wanted types that the list lacks, by provider. A provider without a CCD-A lists no ccdraw: it may never do, so that is no gap. */
export function findAbsentReports(listed: readonly ListedKind[], wanted: Wanted): MissingDocument[] {
  const providers = groupProviders(listed.map(({ organization }) => organization));
  return Object.entries(wanted).flatMap(([type, formats]) => {
    const rows = listed.filter((report) => report.type.toLowerCase() === type);
    return absentReports(type, rows, providers).flatMap(({ organization, reason, detail }) =>
      formats.map((format) => ({ type, organization, format, reason, detail })),
    );
  });
}

type AbsentReport = Pick<MissingDocument, 'organization' | 'reason' | 'detail'>;

function absentReports(type: string, rows: readonly ListedKind[], providers: readonly Provider[]): AbsentReport[] {
  const without = ownersWithoutRow(type, rows, providers);
  return without.map((organization) =>
    type === 'ccdraw'
      ? { organization, reason: 'not-listed', detail: 'no complete record (CCD-A) is listed; it may still come' }
      : { organization, reason: 'missing', detail: 'Human API lists no such report' },
  );
}

/** Who lacks a report of a type: providers, or null for the person. */
function ownersWithoutRow(
  type: string,
  rows: readonly ListedKind[],
  providers: readonly Provider[],
): (Organization | null)[] {
  if (!isPerProvider(type) || providers.length === 0) return rows.length === 0 ? [null] : [];
  // Without an organization, a report can only be the sole provider's.
  const isRowOf = (provider: Provider) => (row: ListedKind) =>
    row.organization ? matchesProvider(provider, row.organization) : providers.length === 1;
  return providers.filter((provider) => !rows.some(isRowOf(provider))).map(({ organization }) => organization);
}

/** unity and ccdraw come once per provider; every other type is one for the person, or is not known well enough to say more. */
export function isPerProvider(type: string): boolean {
  return type === 'unity' || type === 'ccdraw';
}
