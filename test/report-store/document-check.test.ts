import type { Format } from '../../src/domain/reports';
import { type Announced, createDocumentCheck, provenContentType } from '../../src/report-store/document-check';
import { NotTheDocument } from '../../src/report-store/port';
import { pdf } from './fixtures';

const TYPE: Readonly<Record<Format, string>> = { json: 'application/json', html: 'text/html', pdf: 'application/pdf' };

/** Null where the document passes, the error's text where it does not. */
function setup(format: Format, body: string | Buffer, announced: Partial<Announced> = {}, size = 11): string | null {
  const check = createDocumentCheck({ format, contentType: TYPE[format], contentLength: null, ...announced });
  const bytes = Buffer.from(body as string);
  try {
    for (let at = 0; at < bytes.byteLength; at += size) check.take(bytes.subarray(at, at + size));
    check.finish();
    return null;
  } catch (error) {
    expect(error).toBeInstanceOf(NotTheDocument);
    return (error as Error).message;
  }
}

const HTML = '<!DOCTYPE html><html><body>x</body></html>\n';

describe('the content type', () => {
  it.each<[Format, string]>([
    ['json', 'application/json'],
    ['json', 'Application/JSON; charset=utf-8'],
    ['json', 'application/fhir+json'],
    ['json', 'application/octet-stream'],
    ['html', 'text/html;charset=UTF-8'],
    ['html', 'application/xhtml+xml'],
    ['pdf', ' application/PDF ; x=y'],
    ['pdf', 'application/octet-stream'],
  ])('of a %s may be %s', (format, contentType) => {
    expect(setup(format, { json: '{}', html: HTML, pdf: pdf('x') }[format], { contentType })).toBeNull();
  });

  it.each<[Format, string]>([
    ['json', 'text/plain'],
    ['json', 'text/html'],
    ['json', 'application/json-seq'],
    ['html', 'application/json'],
    ['html', 'application/octet-stream'],
    ['pdf', 'text/html'],
    ['pdf', 'text/plain'],
    ['pdf', ''],
  ])('of a %s may not be %j', (format, contentType) => {
    const told = setup(format, { json: '{}', html: HTML, pdf: pdf('x') }[format], { contentType });
    expect(told).toBe(`a ${format} document: expected the content type ${TYPE[format]}, got ${contentType || 'none'}`);
  });

  it('is looked at before a wrong document is downloaded to its end', () => {
    const check = createDocumentCheck({ format: 'pdf', contentType: 'text/html', contentLength: null });
    expect(() => check.take(Buffer.from('<'))).toThrow(NotTheDocument);
  });

  it('is recorded as it came, or as the bytes proved it', () => {
    const announced = { format: 'pdf', contentLength: null } as const;
    expect(provenContentType({ ...announced, contentType: ' application/pdf; v=1 ' })).toBe('application/pdf; v=1');
    expect(provenContentType({ ...announced, contentType: 'application/octet-stream' })).toBe('application/pdf');
  });

  it('is not repeated in an error where it is no content type', () => {
    expect(setup('pdf', 'x', { contentType: 'Max Mustermann' })).not.toMatch(/mustermann/i);
  });
});

describe('the length', () => {
  it('must be the one that was announced', () => {
    const { length } = HTML;
    expect(setup('html', HTML, { contentLength: length })).toBeNull();
    expect(setup('html', HTML, { contentLength: length + 1 })).toBe(
      `expected the ${length + 1} bytes that were announced, got ${length}`,
    );
    expect(setup('html', HTML, { contentLength: length - 1 })).toMatch(/got more$/);
  });

  it.each<Format>(['json', 'html', 'pdf'])('of a %s is not zero', (format) => {
    expect(setup(format, '')).toBe(`a ${format} document: expected a document, got no bytes`);
    expect(setup(format, '', { contentLength: 0 })).not.toBeNull();
  });
});

describe('a PDF', () => {
  const long = 'x'.repeat(5_000);

  it.each([
    ['whole', pdf(long)],
    ['after a byte order mark', `\ufeff${pdf(long)}`],
    ['after a line break', `\r\n${pdf(long)}`],
    ['with white space after its end', `${pdf(long)}${' '.repeat(1_000)}`],
  ])('passes %s', (_, body) => {
    for (const size of [1, 1_024, 100_000]) expect(setup('pdf', body, {}, size)).toBeNull();
  });

  it.each([
    ['cut short', pdf(long).slice(0, -20), /%%EOF/],
    ['cut within its end mark', `%PDF-1.4\n${long}%%EO`, /%%EOF/],
    ['with an early end mark only', `%PDF-1.4\n%%EOF\n${long}`, /%%EOF/],
    ['that is a page of a proxy', `${HTML}${pdf(long)}`, /%PDF at the beginning/],
    ['that is JSON', '{"error":"x"}', /%PDF at the beginning/],
  ])('is refused %s', (_, body, told) => {
    for (const size of [1, 1_024, 100_000]) expect(setup('pdf', body, {}, size)).toMatch(told);
  });
});

describe('an HTML page', () => {
  const long = `<p>${'x'.repeat(5_000)}</p>`;

  it.each([
    ['whole', `<!DOCTYPE html><html lang="en"><body>${long}</body></html>`],
    ['in capitals', `<HTML><BODY>${long}</BODY></HTML >`],
    [
      'with white space and comments after its end',
      `<html>${long}</html>\n<!-- made > there -->\r\n<!---->${' '.repeat(900)}`,
    ],
    ['that is a fragment', `<div>${long}</div>`],
    ['that is a fragment of nothing but text', 'blood pressure 120'],
    ['that is a fragment about pages', `<p>the tag &lt;html&gt; or <code><html></code>${long}`],
    ['that is a fragment with an element of its own', `<html-viewer>${long}`],
  ])('passes %s', (_, body) => {
    for (const size of [1, 1_024, 100_000]) expect(setup('html', body, {}, size)).toBeNull();
  });

  it.each([
    ['cut between two tags', `<!DOCTYPE html>\n<html><body>${long}`],
    ['cut before its last tag', `<html><body>${long}</body>\n`],
    ['after a byte order mark', `\ufeff<html>${long}`],
    [
      'after an XML declaration and a comment',
      `<?xml version="1.0"?><!-- <b> -->\n<!DOCTYPE html>\n<HTML\nlang="en">${long}`,
    ],
    ['that goes on after its end', `<html></html>${long}`],
    ['with an end in a comment only', `<html>${long}<!-- </html> -->`],
  ])('is refused %s', (_, body) => {
    for (const size of [1, 1_024, 100_000]) expect(setup('html', body, {}, size)).toMatch(/the end is missing/);
  });

  it('is read in no time, whatever stands at its ends', () => {
    for (const piece of ['<!---->', '<!--', '</html>', ' ', '<?>']) {
      const startedMs = performance.now();
      setup('html', piece.repeat(1_000), {}, 100_000);
      expect(performance.now() - startedMs).toBeLessThan(1_000);
    }
  });
});

describe('JSON and HTML', () => {
  it('is refused where it is not whole', () => {
    expect(setup('json', '{"a":1')).toMatch(/one whole JSON text, got a part of one \(6 bytes\)/);
    expect(setup('json', '<html>')).toMatch(/expected one JSON text in UTF-8/);
    expect(setup('html', ' \n ')).toMatch(/white space/);
    expect(setup('html', '<html><body><p>x</p><td cla')).toMatch(/within a tag/);
  });

  it('passes with a loose end that is no tag', () => {
    expect(setup('html', '<p>blood pressure < 120')).toBeNull();
  });

  it('never shows what it saw', () => {
    const secrets = ['{"name":"Maxwell', '{"name" Maxwell}', 'Maxwell'];
    for (const body of secrets) expect(setup('json', body)).not.toMatch(/Maxwell/);
    expect(setup('pdf', 'Maxwell')).not.toMatch(/Maxwell/);
  });
});
