import { createHash } from 'node:crypto';
import { newestRows, type ReportList } from '../domain/collection';
import { versionName } from '../domain/instants';
import { findMark, locateMark, type Marks } from '../domain/marks';
import { isKnownType, type ListedKind, type ListedReport, type Wanted, wantedFormats } from '../domain/reports';

/** Which rows of a list an activity returns. */
export interface ListSelection {
  /** Rows of other types are omitted. Absent (a run of an earlier version): every row is wanted. */
  readonly wanted?: Wanted;
  /** Finished documents. If a list is too long, rows whose documents are stored or not offered are omitted. */
  readonly done?: Marks;
  /** The ids of reports whose rows are returned, whatever their type is. */
  readonly named?: readonly string[];
}

/** About 3,000 ordinary rows, so that an applicant's state fits into a payload of 2 MB. */
const MAX_ROWS_BYTES = 500_000;
/** No person has as many further providers and types. */
const MAX_OTHERS = 200;
/** Longer names are cut, because only people read them. */
const MAX_NAME_LENGTH = 200;
const CUT_AT = 160;

/**
 * Selects rows of the upstream's list. The result is limited, however long the list and its texts are. An unwanted row of a known type proves a
 * provider, whose reports are then expected; a custom type (a laboratory's panel) does not.
 */
export function selectReports(
  rows: readonly ListedReport[],
  { wanted, done = {}, named = [] }: ListSelection,
): Omit<ReportList, 'askedAtMs'> {
  const all = rows.map(cutNames);
  if (!wanted) return { reports: all, digest: listDigest(all, []) };
  const namedIds = new Set(named);
  const isWanted = ({ id, type }: ListedReport) => wantedFormats(wanted, type) !== undefined || namedIds.has(id);
  const wantedRows = all.filter(isWanted);
  const unwanted = distinctKinds(
    all
      .filter((row) => !isWanted(row))
      .map(({ type, organization }) => ({ type: '', organization: isKnownType(type) ? organization : null })),
  );
  const { reports, left } = selectFittingRows(newestRows(wantedRows), wanted, done);
  const selected = new Set(reports);
  const others = otherKinds(reports, [...wantedRows.filter((row) => !selected.has(row)).map(toKind), ...unwanted]);
  return {
    reports,
    ...(others.length > 0 && { others }),
    left,
    digest: listDigest(wantedRows, unwanted),
  };
}

/** All rows if they fit; otherwise as many unfinished ones as fit. */
function selectFittingRows(
  rows: readonly ListedReport[],
  wanted: Wanted,
  done: Marks,
): { reports: ListedReport[]; left: number } {
  const fitting = takeFittingRows(rows);
  if (fitting.length === rows.length) return { reports: fitting, left: 0 };
  const isDone = (report: ListedReport) =>
    (wantedFormats(wanted, report.type) ?? []).every((format) => {
      const version = versionName(report.updatedAt);
      const mark = findMark(done, locateMark({ reportId: report.id, format, version }));
      return mark === 'stored' || mark === 'not-offered';
    });
  const open = rows.filter((row) => !isDone(row));
  const reports = takeFittingRows(open);
  return { reports, left: open.length - reports.length };
}

function takeFittingRows(rows: readonly ListedReport[]): ListedReport[] {
  let bytes = 0;
  const end = rows.findIndex((row) => {
    bytes += Buffer.byteLength(JSON.stringify(row)) + 1;
    return bytes > MAX_ROWS_BYTES;
  });
  return end === -1 ? [...rows] : rows.slice(0, end);
}

/** The kinds that no selected row has. */
function otherKinds(reports: readonly ListedReport[], left: readonly ListedKind[]): ListedKind[] {
  const known = new Set(
    reports.flatMap((row) => [kindKey(toKind(row)), kindKey({ type: '', organization: row.organization })]),
  );
  const others: ListedKind[] = [];
  for (const kind of left) {
    const isAnonymous = kind.type === '' && kind.organization === null;
    if (known.has(kindKey(kind)) || others.length >= MAX_OTHERS) continue;
    if (isAnonymous && reports.length + others.length > 0) continue;
    known.add(kindKey(kind)).add(kindKey({ ...kind, type: '' }));
    others.push(kind);
  }
  return others;
}

function distinctKinds(kinds: readonly ListedKind[]): ListedKind[] {
  return [...new Map(kinds.map((kind) => [kindKey(kind), kind])).values()];
}

function toKind({ type, organization }: ListedReport): ListedKind {
  return { type: type.toLowerCase(), organization };
}

function kindKey({ type, organization }: ListedKind): string {
  return JSON.stringify([type, organization?.id, organization?.name]);
}

function cutNames({ id, type, organization, updatedAt }: ListedReport): ListedReport {
  const cut = organization && { id: cutText(organization.id), name: cutText(organization.name) };
  return { id, type, organization: cut, updatedAt };
}

/** A cut text ends in its digest, so that texts with the same beginning stay different. */
function cutText(text: string | null): string | null {
  if (text === null || text.length <= MAX_NAME_LENGTH) return text;
  return `${text.slice(0, CUT_AT).replace(/\p{Surrogate}$/u, '')}… ${shortDigest(text)}`;
}

/** Identifies a list, whatever the order of its rows. Unwanted rows count only by kind. */
function listDigest(reports: readonly ListedReport[], unwanted: readonly ListedKind[]): string {
  const rows = reports.map(({ id, updatedAt, organization }) =>
    JSON.stringify([id, updatedAt, organization?.id, organization?.name]),
  );
  return shortDigest([...rows, ...unwanted.map(kindKey)].sort().join('\n'));
}

function shortDigest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
