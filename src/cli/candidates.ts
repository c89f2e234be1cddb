import { createHash } from 'node:crypto';
import { detailsDigest } from '../temporal/details';
import type { CheckedDetails } from '../use-cases/applicant-details';
import { type ApplicantRow, applicantRows } from '../use-cases/applicants-file/applicants-file';
import { NotApplicants } from '../use-cases/applicants-file/decode-text';
import type { ApplicantsText } from './applicants-text';
import type { StarterArguments } from './arguments';
import type { CsvPosition } from './start-report';

/** An applicant to start, or its faults. */
export interface StartCandidate {
  readonly position: CsvPosition;
  readonly checked: CheckedDetails;
  /** Later rows repeat this one and need its result. */
  readonly hasRepeats?: boolean;
}

/** Reads the whole file once, because no applicant with contradicting rows may start. */
export async function indexRows(args: StarterArguments, text: ApplicantsText, onRow: () => void): Promise<RowIndex> {
  const index = new RowIndex();
  for await (const row of applicantRows(text.read(), args)) {
    index.add(row);
    onRow();
  }
  return index;
}

/** The applicants of a file, checked. @throws {NotApplicants} for another kind of file, or one that has changed since it was indexed */
export async function* readCandidates(
  args: StarterArguments,
  file: string,
  text: ApplicantsText,
  index: RowIndex,
): AsyncGenerator<StartCandidate> {
  for await (const row of applicantRows(text.read(), args)) yield index.toCandidate(file, row);
}

interface FirstRow {
  readonly line: number;
  readonly clientUserId: string;
  readonly fingerprint: string;
  hasRepeats: boolean;
  /** The first row with other details. */
  contradictedBy: number | null;
}

/** The fingerprint of an invalid row, which differs from every valid one. */
const INVALID = '';
/** 96 bits exclude accidental matches. */
const FINGERPRINT_BYTES = 12;

/** The ids of a file, with about 200 bytes per row. */
class RowIndex {
  readonly #firstRows = new Map<string, FirstRow>();

  add({ line, checked }: ApplicantRow): void {
    const clientUserId = clientUserIdOf(checked);
    if (clientUserId === null) return;
    const fingerprint = fingerprintOf(checked);
    const first = this.#firstRows.get(clientUserId.toLowerCase());
    if (!first) {
      const id = copyString(clientUserId);
      const row = { line, clientUserId: id, fingerprint, hasRepeats: false, contradictedBy: null };
      this.#firstRows.set(id.toLowerCase(), row);
    } else if (first.clientUserId === clientUserId) {
      if (first.fingerprint === fingerprint) first.hasRepeats = true;
      else first.contradictedBy ??= line;
    }
  }

  /** Compares a row with the other rows of its applicant. @throws {NotApplicants} if the file has changed since it was indexed */
  toCandidate(file: string, { line, checked }: ApplicantRow): StartCandidate {
    const position = { file, line };
    if (!checked.ok) return { position, checked };
    const { clientUserId } = checked.details;
    const reject = (expected: string, repeats?: number): StartCandidate => ({
      position: repeats === undefined ? position : { ...position, repeats },
      checked: { ok: false, clientUserId, errors: [{ field: 'clientUserId', expected }] },
    });
    const first = this.#firstRows.get(clientUserId.toLowerCase());
    if (first && first.clientUserId !== clientUserId)
      return reject(`an id that differs from that of line ${first.line} in more than upper and lower case`);
    const isSame = first?.fingerprint === fingerprintOf(checked);
    const isFirst = first?.line === line;
    if (!first || (!isSame && first.contradictedBy === null))
      throw new NotApplicants(`${file} was changed while it was read: run the command again`);
    if (first.contradictedBy !== null) {
      const expected = 'one set of details per applicant';
      const other = isSame ? first.contradictedBy : first.line;
      if (!isSame || isFirst) return reject(`${expected}; line ${other} differs`);
      return reject(`${expected}; this repeats line ${first.line}, and line ${other} differs`, first.line);
    }
    if (!isFirst) return { position: { ...position, repeats: first.line }, checked };
    return first.hasRepeats ? { position, checked, hasRepeats: true } : { position, checked };
  }
}

function clientUserIdOf(checked: CheckedDetails): string | null {
  return checked.ok ? checked.details.clientUserId : checked.clientUserId;
}

function fingerprintOf(checked: CheckedDetails): string {
  if (!checked.ok) return INVALID;
  const hash = createHash('sha256').update(detailsDigest(checked.details)).update(String(checked.autoInvite));
  return hash.digest().toString('latin1', 0, FINGERPRINT_BYTES);
}

/** A substring keeps its whole string in memory, here the text of the file. */
function copyString(text: string): string {
  return Buffer.from(text).toString('latin1');
}
