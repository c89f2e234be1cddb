import { versionMs, versionName } from './instants';
import { groupProviders, matchesProvider, type Organization, type Provider } from './providers';

export { type Organization, organizationKey } from './providers';

export const FORMATS = ['json', 'html', 'pdf'] as const;
export type Format = (typeof FORMATS)[number];

/** The wanted formats by report type (lower case), each format once. */
export type Wanted = Readonly<Record<string, readonly Format[]>>;

/** A row of upstream's list. `type` in upstream's spelling; `organization` null: a report on the whole person. */
export interface ListedReport {
  readonly id: string;
  readonly type: string;
  readonly organization: Organization | null;
  readonly updatedAt: string | null;
}

/** A kind of report that the list has for a provider, or for the person. Type '': any type that is not wanted. */
export type ListedKind = Pick<ListedReport, 'type' | 'organization'>;

/** An entry of the manifest: one format of one version of a report. `file` is relative to the manifest. */
export interface StoredDocument {
  readonly file: string;
  readonly type: string;
  readonly organization: Organization | null;
  readonly format: Format;
  readonly reportId: string;
  /** The version that is stored. */
  readonly updatedAt: string | null;
  /** The newest later version with the same bytes. */
  readonly seenAt: string | null;
  readonly sha256: string;
  readonly bytes: number;
  readonly contentType: string;
  readonly storedAt: string;
  /** True if a newer version is stored, or if the details were corrected later: then the document may be another person's. */
  readonly superseded: boolean;
  /** The round that stored it; absent: 1. */
  readonly round?: number;
  /** Present if the file is encrypted; `sha256` and `bytes` are those of the clear bytes. */
  readonly encrypted?: true;
}

/**
 * `not-offered`: the report does not exist in this format; `not-listed`: upstream may list it later; `missing`: upstream should list it, but does not;
 * `failed`: the download failed.
 */
export type MissingReason = 'not-offered' | 'not-listed' | 'missing' | 'failed';

/** A wanted document that is not stored. Only `missing` and `failed` change the outcome. */
export interface MissingDocument {
  readonly type: string;
  readonly organization: Organization | null;
  readonly format: Format;
  readonly reason: MissingReason;
  readonly detail: string;
}

export interface MissingCounts {
  readonly notOffered: number;
  readonly notListed: number;
  readonly missing: number;
  readonly failed: number;
}

/** One format of a listed report. */
export interface WantedDocument {
  readonly report: ListedReport;
  readonly format: Format;
}

/** The formats of the vendor's six types. Its documents contradict each other on json for healthcheck and highlights, so it is allowed. */
const POSSIBLE_FORMATS: Readonly<Record<string, readonly Format[]>> = {
  unity: ['json', 'html', 'pdf'],
  ccdraw: ['html', 'pdf'],
  apidata: ['json'],
  timeline: ['json'],
  healthcheck: ['json', 'html', 'pdf'],
  highlights: ['json', 'html', 'pdf'],
};

/** True for one of the vendor's types; false for a custom type of a contract. */
export function isKnownType(type: string): boolean {
  return wantedFormats(POSSIBLE_FORMATS, type) !== undefined;
}

/** Wanted formats that were checked. `expected`: for an error message. */
type CheckedWanted = { ok: true; wanted: Wanted } | { ok: false; expected: string };

/** Parses `unity:json,pdf;ccdraw:pdf`. */
export function parseWanted(text: string): CheckedWanted {
  const parts = text.split(';').filter((piece) => piece.trim() !== '');
  return checkWanted(
    parts.map((part) => {
      const [type = '', list = '', ...rest] = part.split(':');
      // A second colon makes the type invalid.
      return [[type, ...rest].join(':'), list.split(',')];
    }),
  );
}

/** Checks types and formats, in any case, of types that are listed once. */
export function checkWanted(entries: readonly (readonly [type: string, formats: readonly string[]])[]): CheckedWanted {
  const wanted = new Map<string, Format[]>();
  for (const [name, list] of entries) {
    const type = name.trim().toLowerCase();
    if (!/^[a-z0-9_-]{1,80}$/.test(type)) {
      return { ok: false, expected: 'types of 1 to 80 letters, digits, "_" or "-", each as type:format,format' };
    }
    if (wanted.has(type)) return { ok: false, expected: `the type ${type} once` };
    const formats = list.map((format) => format.trim().toLowerCase());
    const possible = wantedFormats(POSSIBLE_FORMATS, type) ?? FORMATS;
    if (
      formats.length === 0 ||
      !formats.every((format): format is Format => (possible as readonly string[]).includes(format))
    ) {
      return { ok: false, expected: `one or more of ${possible.join(', ')} for the type ${type}` };
    }
    wanted.set(type, [...new Set(formats as Format[])]);
  }
  return wanted.size > 0
    ? { ok: true, wanted: Object.fromEntries(wanted) }
    : { ok: false, expected: 'at least one type with its formats, such as unity:json,pdf;ccdraw:pdf' };
}

/** False for a document of a round with other details: it may be another person's. */
export function isFromCurrentDetails({ round = 1 }: StoredDocument, detailsRound: number): boolean {
  return round >= detailsRound;
}

export function listWantedDocuments(listed: readonly ListedReport[], wanted: Wanted): WantedDocument[] {
  return listed.flatMap((report) => (wantedFormats(wanted, report.type) ?? []).map((format) => ({ report, format })));
}

/** The formats of a type, whatever its case; undefined if it has none. */
export function wantedFormats(byType: Wanted, type: string): readonly Format[] | undefined {
  const key = type.toLowerCase();
  // A type is upstream's text: it could be "constructor".
  return Object.hasOwn(byType, key) ? byType[key] : undefined;
}

/** Identifies one format of one version of a report. */
export function documentKey(document: WantedDocument): string {
  return versionKey(document.report.id, document.report.updatedAt, document.format);
}

/** A report id may contain any character, also `|`. */
export function parseDocumentKey(key: string): { reportId: string; version: string; format: Format } {
  const formatAt = key.lastIndexOf('|');
  const versionAt = key.lastIndexOf('|', formatAt - 1);
  const format = key.slice(formatAt + 1) as Format;
  return { reportId: key.slice(0, versionAt), version: key.slice(versionAt + 1, formatAt), format };
}

/** A cache. The lists never change, so replays agree. */
const keysByDocuments = new WeakMap<readonly StoredDocument[], ReadonlySet<string>>();

/** The keys of all stored versions, including later versions with the same bytes. */
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

export function findNewestVersion(
  stored: readonly StoredDocument[],
  reportId: string,
  format: Format,
): StoredDocument | null {
  const versions = stored.filter((entry) => entry.reportId === reportId && entry.format === format);
  versions.sort((a, b) => versionMs(b.updatedAt, b.storedAt) - versionMs(a.updatedAt, a.storedAt));
  return versions[0] ?? null;
}

/** The wanted types that a list lacks, by provider. Some providers never have a CCD-A, so an absent ccdraw is `not-listed`, not `missing`. */
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

/** The providers without a report of a type. `[null]`: the person has none, of a type that exists once per person, or in a list without providers. */
function ownersWithoutRow(
  type: string,
  rows: readonly ListedKind[],
  providers: readonly Provider[],
): (Organization | null)[] {
  if (!isPerProvider(type) || providers.length === 0) return rows.length === 0 ? [null] : [];
  // A report without an organization belongs to the provider if there is only one.
  const isRowOf = (provider: Provider) => (row: ListedKind) =>
    row.organization ? matchesProvider(provider, row.organization) : providers.length === 1;
  return providers.filter((provider) => !rows.some(isRowOf(provider))).map(({ organization }) => organization);
}

/** unity and ccdraw exist once per provider. For other types the vendor documents only that they exist once per person. */
export function isPerProvider(type: string): boolean {
  return type === 'unity' || type === 'ccdraw';
}

export function countMissing(documents: readonly MissingDocument[]): MissingCounts {
  const count = (reason: MissingReason) => documents.filter((document) => document.reason === reason).length;
  return {
    notOffered: count('not-offered'),
    notListed: count('not-listed'),
    missing: count('missing'),
    failed: count('failed'),
  };
}
