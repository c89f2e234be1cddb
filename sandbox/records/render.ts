import type { Readable } from 'node:stream';
import type { Format } from '../report-types';
import type { Person, Report } from '../state';
import { contentOf } from './content';
import { renderHtml } from './html';
import { renderJson } from './json';
import { renderPdf } from './pdf';
import { renderScanned } from './scan';

/** A report in a format. `length`: in bytes. */
export interface Rendered {
  readonly length: number;
  readonly body: Buffer | Readable;
}

const RENDERERS = { json: renderJson, html: renderHtml, pdf: renderPdf } as const;

/** A report in a format: the same bytes at every call as long as its revision is the same. */
export async function render(person: Person, report: Report, format: Format): Promise<Rendered> {
  const content = contentOf(person, report);
  if (format === 'pdf' && report.scannedPages > 0) {
    const { length, stream } = renderScanned(content, report.scannedPages);
    return { length, body: stream };
  }
  const body = await RENDERERS[format](content);
  return { length: body.length, body };
}
