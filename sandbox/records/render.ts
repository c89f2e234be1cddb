import type { Readable } from 'node:stream';
import type { Format } from '../report-types';
import type { Person, Report } from '../state';
import { createContent } from './content';
import { renderHtml } from './html';
import { renderJson } from './json';
import { renderPdf } from './pdf';
import { renderScanned } from './scan';

/** The bytes of a report. `length`: in bytes. */
export interface Rendered {
  readonly length: number;
  readonly body: Buffer | Readable;
}

const RENDERERS = { json: renderJson, html: renderHtml, pdf: renderPdf } as const;

/** Renders a report, with the same bytes at each call for the same revision. */
export async function render(person: Person, report: Report, format: Format): Promise<Rendered> {
  const content = createContent(person, report);
  if (format === 'pdf' && report.scannedPages > 0) {
    const { length, stream } = renderScanned(content, report.scannedPages);
    return { length, body: stream };
  }
  const body = await RENDERERS[format](content);
  return { length: body.length, body };
}
