import type { Format } from '../report-types';
import type { Person, Report } from '../state';
import { contentOf } from './content';
import { renderHtml } from './html';
import { renderJson } from './json';
import { renderPdf } from './pdf';

const RENDERERS = { json: renderJson, html: renderHtml, pdf: renderPdf } as const;

/** The bytes of a report in a format: the same bytes at every call as long as its revision is the same. */
export async function render(person: Person, report: Report, format: Format): Promise<Buffer> {
  return RENDERERS[format](contentOf(person, report));
}
