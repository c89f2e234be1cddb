import type { Format } from '../../domain/reports';
import { NotTheDocument } from '../port';
import { CONTENT_TYPE, claimOf, typeInWords } from './content-type';
import { type FormatCheck, wrong } from './format-check';
import { createHtmlCheck } from './html-check';
import { createJsonRecordCheck } from './json-record';
import { createPdfCheck } from './pdf-check';

/** What upstream said of a document before its bytes came. */
export interface Announced {
  readonly format: Format;
  readonly contentType: string;
  /** Bytes; null where upstream did not say. */
  readonly contentLength: number | null;
}

const CHECKS: Readonly<Record<Format, (hasClaim: boolean) => FormatCheck>> = {
  json: createJsonRecordCheck,
  html: createHtmlCheck,
  pdf: createPdfCheck,
};

/** The rules are in docs/decisions/0036: what a viewer or browser opens is stored byte for byte, what is no record is downloaded again. */
export function createDocumentCheck(announced: Announced): FormatCheck {
  const { format, contentType, contentLength } = announced;
  const claim = claimOf(format, contentType);
  const check = CHECKS[format](claim === 'fits');
  let bytes = 0;
  const expectType = () => {
    if (claim === 'other') throw wrong(format, `the content type ${CONTENT_TYPE[format]}`, typeInWords(contentType));
  };

  return {
    take(piece) {
      if (bytes === 0) expectType();
      bytes += piece.byteLength;
      if (contentLength !== null && bytes > contentLength) throw wrongLength(contentLength, 'more');
      check.take(piece);
    },
    finish() {
      expectType();
      if (bytes === 0) throw wrong(format, 'a document', 'no bytes');
      if (contentLength !== null && bytes !== contentLength) throw wrongLength(contentLength, `${bytes}`);
      check.finish();
    },
  };
}

function wrongLength(expected: number, got: string): NotTheDocument {
  return new NotTheDocument(`expected the ${expected} bytes that were announced, got ${got}`);
}
