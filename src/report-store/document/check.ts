import type { Format } from '../../domain/reports';
import { NotTheDocument } from '../errors';
import { CONTENT_TYPE, displayType, matchType } from './content-type';
import { documentFault, type FormatCheck } from './format-check';
import { createHtmlCheck } from './html-check';
import { createJsonRecordCheck } from './json-record';
import { createPdfCheck } from './pdf-check';

/** What upstream announced before the bytes. */
export interface AnnouncedDocument {
  readonly format: Format;
  readonly contentType: string;
  /** Bytes; null if unknown. */
  readonly contentLength: number | null;
}

const CHECKS: Readonly<Record<Format, (isTypeAnnounced: boolean) => FormatCheck>> = {
  json: createJsonRecordCheck,
  html: createHtmlCheck,
  pdf: createPdfCheck,
};

/** Decision 0036: what a viewer or browser opens is stored byte for byte; anything else is downloaded again. */
export function createDocumentCheck(announced: AnnouncedDocument): FormatCheck {
  const { format, contentType, contentLength } = announced;
  const match = matchType(format, contentType);
  const check = CHECKS[format](match === 'same');
  let bytes = 0;
  const expectType = () => {
    if (match === 'other')
      throw documentFault(format, `the content type ${CONTENT_TYPE[format]}`, displayType(contentType));
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
      if (bytes === 0) throw documentFault(format, 'a document', 'no bytes');
      if (contentLength !== null && bytes !== contentLength) throw wrongLength(contentLength, `${bytes}`);
      check.finish();
    },
  };
}

function wrongLength(expected: number, got: string): NotTheDocument {
  return new NotTheDocument(`expected the ${expected} bytes that were announced, got ${got}`);
}
