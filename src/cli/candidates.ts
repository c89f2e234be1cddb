import { applicantRows, type Row } from './applicants-file';
import type { ApplicantsText } from './applicants-text';
import type { StarterArguments } from './arguments';
import { type CheckedDetails, checkDetails } from './details';
import { NotApplicants } from './not-applicants';
import { RowIndex } from './row-index';
import type { CsvPosition } from './start-report';

/** An applicant to start, or what is wrong with it. */
export interface Candidate {
  readonly place: CsvPosition;
  readonly checked: CheckedDetails;
  /** Whether later rows repeat this one, and need to know what became of it. */
  readonly isRepeated?: boolean;
}

/** Reads the whole file once: of rows that contradict each other none may start, wherever they stand. */
export async function readIds(args: StarterArguments, text: ApplicantsText, onRow: () => void): Promise<RowIndex> {
  const ids = new RowIndex();
  for await (const row of applicantRows(text.read(), args)) {
    ids.add(row);
    onRow();
  }
  return ids;
}

/** The applicants whom the arguments name, with what is right or wrong about each. @throws NotApplicants for a file that is none, or that has changed */
export async function* candidates(
  args: StarterArguments,
  text: ApplicantsText | null,
  ids: RowIndex | null,
): AsyncGenerator<Candidate> {
  const { source, autoInvite } = args;
  if ('single' in source) yield { place: {}, checked: checkDetails(source.single, autoInvite) };
  else if (text && ids) {
    for await (const row of applicantRows(text.read(), args)) yield judged(row, source.file, ids);
  }
}

function judged({ line, checked }: Row, file: string, ids: RowIndex): Candidate {
  const place = { file, line };
  if (!checked.ok) return { place, checked };
  const judgement = ids.judge({ line, checked });
  if (judgement === null) throw new NotApplicants(`expected ${file} to stay as it is while it is read; it has changed`);
  const { clientUserId } = checked.details;
  const refused = (expected: string): CheckedDetails => {
    return { ok: false, clientUserId, errors: [{ field: 'clientUserId', expected }] };
  };
  if (judgement.kind === 'once') return { place, checked };
  if (judgement.kind === 'first') return { place, checked, isRepeated: true };
  if (judgement.kind === 'repeat') return { place: { ...place, repeats: judgement.line }, checked };
  if (judgement.kind === 'twin') {
    const expected = `an id that differs from that of line ${judgement.line} in more than upper and lower case`;
    return { place, checked: refused(expected) };
  }
  const { repeats, line: other } = judgement;
  if (repeats === null) return { place, checked: refused(`one set of details per applicant; line ${other} differs`) };
  const expected = `one set of details per applicant; this repeats line ${repeats}, and line ${other} differs`;
  return { place: { ...place, repeats }, checked: refused(expected) };
}
