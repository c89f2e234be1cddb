import { createHash } from 'node:crypto';
import { newestRows, type ReportList } from '../domain/collection';
import { versionName } from '../domain/instants';
import { findMark, locateMark, type Marks } from '../domain/marks';
import {
  isKnownType,
  type ListedKind,
  type ListedReport,
  type Organization,
  type Wanted,
  wantedFormats,
} from '../domain/reports';

/** What an activity returns of a list, and what it leaves out. */
export interface ListSelection {
  /** Rows of other types are left out. Not given, by a run of an earlier version: every row is wanted. */
  readonly wanted?: Wanted;
  /** What is stored or not offered: left out of a list that is too long. */
  readonly done?: Marks;
  /** Reports that are returned whatever their type is, by id. */
  readonly named?: readonly string[];
}

/** The rows of one answer: about 3,000 ordinary ones. Beside the rest of an applicant's state they fit into a payload of 2 MB. */
const MAX_ROWS_BYTES = 500_000;
/** Providers and types beside the rows: no person has so many. */
const MAX_OTHERS = 200;
/** Names are shown to people; longer ones are cut. No known value comes near. */
const MAX_TEXT_LENGTH = 200;
const CUT_AT = 160;

/**
 * Upstream's rows as a run takes them: bounded, however long the list and its texts are. Of an unwanted row of a known type its provider is kept,
 * whose own reports are then awaited; a custom type (a laboratory's panel) says nothing of a provider with records.
 */
export function selectReports(
  rows: readonly ListedReport[],
  { wanted, done = {}, named = [] }: ListSelection,
): Omit<ReportList, 'askedAtMs'> {
  const all = rows.map(withCutNames);
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
  const taken = new Set(reports);
  const others = otherKinds(reports, [...wantedRows.filter((row) => !taken.has(row)).map(kindOf), ...unwanted]);
  return {
    reports,
    ...(others.length > 0 && { others }),
    left,
    digest: listDigest(wantedRows, unwanted),
  };
}

/** All rows, or of too many those that are still to be fetched, as many as fit. */
function selectFittingRows(
  rows: readonly ListedReport[],
  wanted: Wanted,
  done: Marks,
): { reports: ListedReport[]; left: number } {
  const whole = takeFittingRows(rows);
  if (whole.length === rows.length) return { reports: whole, left: 0 };
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
  const fits = (row: ListedReport) => {
    bytes += Buffer.byteLength(JSON.stringify(row)) + 1;
    return bytes <= MAX_ROWS_BYTES;
  };
  const tooMany = rows.findIndex((row) => !fits(row));
  return tooMany === -1 ? [...rows] : rows.slice(0, tooMany);
}

/** What the rows that were left out show and those that were taken do not. */
function otherKinds(reports: readonly ListedReport[], left: readonly ListedKind[]): ListedKind[] {
  const known = new Set(
    reports.flatMap((row) => [keyOf(kindOf(row)), keyOf({ type: '', organization: row.organization })]),
  );
  const others: ListedKind[] = [];
  for (const kind of left) {
    const isAnonymous = kind.type === '' && kind.organization === null;
    if (known.has(keyOf(kind)) || others.length >= MAX_OTHERS) continue;
    if (isAnonymous && reports.length + others.length > 0) continue;
    known.add(keyOf(kind)).add(keyOf({ ...kind, type: '' }));
    others.push(kind);
  }
  return others;
}

function distinctKinds(kinds: readonly ListedKind[]): ListedKind[] {
  return [...new Map(kinds.map((kind) => [keyOf(kind), kind])).values()];
}

function kindOf({ type, organization }: ListedReport): ListedKind {
  return { type: type.toLowerCase(), organization };
}

function keyOf({ type, organization }: ListedKind): string {
  return JSON.stringify([type, organization?.id, organization?.name]);
}

function withCutNames({ id, type, organization, updatedAt }: ListedReport): ListedReport {
  return { id, type, organization: organization && cutNames(organization), updatedAt };
}

/** Long texts are cut, and stay different from others that begin alike. */
function cutNames({ id, name }: Organization): Organization {
  return { id: cutText(id), name: cutText(name) };
}

function cutText(text: string | null): string | null {
  if (text === null || text.length <= MAX_TEXT_LENGTH) return text;
  const digest = createHash('sha256').update(text).digest('hex').slice(0, 16);
  return `${text.slice(0, CUT_AT).replace(/\p{Surrogate}$/u, '')}… ${digest}`;
}

/** What tells one list from another, in whatever order upstream gives its rows: 16 hex digits. Of what is not wanted only who has it counts. */
function listDigest(reports: readonly ListedReport[], unwanted: readonly ListedKind[]): string {
  const rows = reports.map(({ id, updatedAt, organization }) =>
    JSON.stringify([id, updatedAt, organization?.id, organization?.name]),
  );
  return createHash('sha256')
    .update([...rows, ...unwanted.map(keyOf)].sort().join('\n'))
    .digest('hex')
    .slice(0, 16);
}
