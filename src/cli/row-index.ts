import { createHash } from 'node:crypto';
import { detailsDigest } from '../temporal/details';
import type { Row } from './applicants-file';

/**
 * What the rest of the file says about the applicant of a row. `once`: no other row names it; `first`: later rows repeat this one; `repeat`: the
 * row says what the row of `line` said; `contradicted`: rows say different things, such as that of `line`; `twin`: the id of `line` differs in case only.
 */
export type RowVerdict =
  | { readonly kind: 'once' }
  | { readonly kind: 'first' }
  | { readonly kind: 'repeat'; readonly line: number }
  | { readonly kind: 'twin'; readonly line: number }
  | { readonly kind: 'contradicted'; readonly line: number; readonly repeats: number | null };

interface FirstRow {
  readonly line: number;
  readonly clientUserId: string;
  readonly print: string;
  isRepeated: boolean;
  /** The first row that says otherwise. */
  contradictedBy: number | null;
}

/** What the print of a row is that has a clientUserId and faults: it says otherwise than every good one. */
const FAULTY = '';
/** 96 bits: chance does not make two rows alike. */
const PRINT_BYTES = 12;

/** The ids of a file, about 200 bytes each, so that the rows of one applicant are known before any of them is started. */
export class RowIndex {
  private readonly firsts = new Map<string, FirstRow>();

  add({ line, checked }: Row): void {
    const clientUserId = idOf(checked);
    if (clientUserId === null) return;
    const print = printOf(checked);
    const first = this.firsts.get(clientUserId.toLowerCase());
    if (!first) {
      const own = copied(clientUserId);
      this.firsts.set(own.toLowerCase(), { line, clientUserId: own, print, isRepeated: false, contradictedBy: null });
    } else if (first.clientUserId === clientUserId) {
      if (first.print === print) first.isRepeated = true;
      else first.contradictedBy ??= line;
    }
  }

  /** Null for a row that was not added so: the file has changed. */
  judge({ line, checked }: Row): RowVerdict | null {
    const clientUserId = idOf(checked);
    const first = this.firsts.get(clientUserId?.toLowerCase() ?? '');
    if (!first) return null;
    if (first.clientUserId !== clientUserId) return { kind: 'twin', line: first.line };
    const isSame = first.print === printOf(checked);
    if (!isSame && first.contradictedBy === null) return null;
    const isFirst = first.line === line;
    if (first.contradictedBy !== null) {
      const repeats = isSame && !isFirst ? first.line : null;
      return { kind: 'contradicted', line: isSame ? first.contradictedBy : first.line, repeats };
    }
    if (!isFirst) return { kind: 'repeat', line: first.line };
    return first.isRepeated ? { kind: 'first' } : { kind: 'once' };
  }
}

function idOf(checked: Row['checked']): string | null {
  return checked.ok ? checked.details.clientUserId : checked.clientUserId;
}

function printOf(checked: Row['checked']): string {
  if (!checked.ok) return FAULTY;
  const hash = createHash('sha256').update(detailsDigest(checked.details)).update(String(checked.autoInvite));
  return hash.digest().toString('latin1', 0, PRINT_BYTES);
}

/** A part of a string keeps all of that string in memory, here the text of the file. */
function copied(text: string): string {
  return Buffer.from(text).toString('latin1');
}
