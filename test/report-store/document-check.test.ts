import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Format } from '../../src/domain/reports';
import { type Announced, createDocumentCheck } from '../../src/report-store/document/check';
import { provenContentType } from '../../src/report-store/document/content-type';
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

/** A field case, in pieces of several sizes. */
function fieldCase(file: string): string | null {
  const format = file.slice(0, file.indexOf('/')) as Format;
  const bytes = readFileSync(join(__dirname, '../field-cases', file));
  const [told, ...others] = [1, 1_000, 100_000].map((size) => setup(format, bytes, {}, size));
  for (const other of others) expect(other).toBe(told);
  return told ?? null;
}

const HTML = '<!DOCTYPE html><html><body>x</body></html>\n';
const RECORD = '{"name":"x"}';

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
    ['pdf', 'application/x-pdf'],
    ['json', 'text/json'],
    ['html', 'application/octet-stream'],
    ...(['json', 'html', 'pdf'] as const).flatMap((format): [Format, string][] => [
      [format, ''],
      [format, 'binary/octet-stream'],
      [format, 'application/x-download; name=x'],
      [format, 'application/force-download'],
    ]),
  ])('of a %s may be %j, which the bytes prove', (format, contentType) => {
    expect(setup(format, { json: RECORD, html: HTML, pdf: pdf('x') }[format], { contentType })).toBeNull();
  });

  it.each<[Format, string]>([
    ['json', 'text/plain'],
    ['json', 'text/html'],
    ['json', 'application/json-seq'],
    ['html', 'application/json'],
    ['pdf', 'text/html'],
    ['pdf', 'text/plain'],
  ])('of a %s may not be %j', (format, contentType) => {
    const told = setup(format, { json: RECORD, html: HTML, pdf: pdf('x') }[format], { contentType });
    expect(told).toBe(`a ${format} document: expected the content type ${TYPE[format]}, got ${contentType}`);
  });

  it('is looked at before a wrong document is downloaded to its end', () => {
    const check = createDocumentCheck({ format: 'pdf', contentType: 'text/html', contentLength: null });
    expect(() => check.take(Buffer.from('<'))).toThrow(NotTheDocument);
  });

  it('is recorded as it came, or as the bytes proved it', () => {
    const announced = { format: 'pdf', contentLength: null } as const;
    expect(provenContentType({ ...announced, contentType: ' application/pdf; v=1 ' })).toBe('application/pdf; v=1');
    for (const contentType of ['application/octet-stream', 'binary/octet-stream', '', 'application/x-pdf']) {
      expect(provenContentType({ ...announced, contentType })).toBe('application/pdf');
    }
    expect(provenContentType({ ...announced, format: 'json', contentType: 'text/json' })).toBe('application/json');
  });

  it('that makes no claim leaves HTML to be proven by how a page begins', () => {
    expect(setup('html', '<p>x</p>', { contentType: 'application/octet-stream' })).toMatch(/or a page, got neither/);
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
    ['padded with NULs and white space of any length', `${pdf(long)}${'\0\0 \r\n'.repeat(20_000)}`],
    ['behind the header lines of a message', `Content-Type: application/pdf\r\n\r\n${pdf(long)}`],
    ['with its header just within the first 1,024 bytes', `${'\0'.repeat(1_023)}${pdf(long)}`],
    ['between the lines of a multipart message', `--b\r\nX: <y@z>\r\n\r\n${pdf(long)}\r\n--b--\r\n`],
    ['with bytes of a signature behind it, which viewers skip', `${pdf(long)}${'\x7f'.repeat(1_000)}`],
    ['that was updated', `${pdf(long)}${pdf(long)}`],
    ['that is linearised and was updated', `%PDF-1.5\n1 0 obj\n<</L 900/Linearized 1>>\n${pdf(long)}`],
  ])('passes %s', (_, body) => {
    for (const size of [1, 1_024, 100_000]) expect(setup('pdf', body, {}, size)).toBeNull();
  });

  it.each([
    ['cut short', pdf(long).slice(0, -20), /%%EOF/],
    ['cut within its end mark', `%PDF-1.4\n${long}%%EO`, /%%EOF/],
    ['with an early end mark only', `%PDF-1.4\n%%EOF\n${long}`, /%%EOF/],
    ['cut within an update', `${pdf(long)}12 0 obj\n<< /Len`, /the end is missing/],
    ['after a page of a proxy', `${HTML}${pdf(long)}`, /a page before it/],
    ['after the beginning of a page', `<!DOCTYPE html PUBLIC "${pdf(long)}`, /a page before it/],
    ['before a page of a proxy', `${pdf(long)}${HTML}`, /a page behind it/],
    ['before the JSON of a gateway', `${pdf(long)}{"statusCode":500,"error":"x"}`, /a page behind it/],
    [
      'cut behind the first part of a linearised file',
      '%PDF-1.5\n1 0 obj\n<</Linearized 1/L 50000/O 3>>\nendobj\nstartxref\n0\n%%EOF\n',
      /a part of it/,
    ],
    ['with its header behind the first 1,024 bytes', `${'\0'.repeat(1_024)}${pdf(long)}`, /first 1024 bytes/],
    ['that is JSON', '{"error":"x"}', /%PDF- in the first 1024 bytes/],
  ])('is refused %s', (_, body, told) => {
    for (const size of [1, 1_024, 100_000]) expect(setup('pdf', body, {}, size)).toMatch(told);
  });

  it.each([
    ['is plain', 'plain.pdf'],
    ['has 1,000 NULs as padding after %%EOF', 'nul-1000.pdf'],
    ['has 18,000 NULs as padding after %%EOF', 'nul-18000.pdf'],
    ['has a NUL before %PDF', 'one-nul.pdf'],
    ['has a path before %PDF', 'path-line.pdf'],
  ])('of the field that %s is stored', (_, file) => expect(fieldCase(`pdf/${file}`)).toBeNull());

  it.each([
    ["has a proxy's page before it", 'proxy-page-then-pdf.bin', /a page before it/],
    ['has a page of 5,000 bytes behind it', 'html-5000-behind.pdf', /a page behind it/],
  ])('of the field that %s is refused', (_, file, told) => expect(fieldCase(`pdf/${file}`)).toMatch(told));
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
    ['that goes on after its end', `<html></html>${long}`],
    ['with its body closed only', `<html><body>${long}</body>\n`],
    ['with end tags left out', '<!DOCTYPE html><html lang=en><title>Record</title><p>One<p>Two'],
    ['with end tags left out in a table', `<html><body>${long}<table><tr><td>x<tr><td>y</table>`],
    ['without a body of its own', `<!DOCTYPE html><title>Record</title>${long}`],
    ['in UTF-16', Buffer.from(`\ufeff<html><body>${long}</body></html>`, 'utf16le')],
    ['of an image', '<html><body><img src="data:image/png;base64,x"></body></html>'],
    ['drawn by its script', `<html><body><script>var record = "${'x'.repeat(5_000)}"</script></body></html>`],
    [
      'about 500 mg a day',
      `<html><head><title>500 mg daily</title></head><body><h1>404 Main Street</h1></body></html>`,
    ],
    [
      'with headings like those of a firewall, and a drawing with a title',
      `<html><title>Record</title><body><svg><title>404 Not Found</title></svg><h1>Attention required: allergies</h1></body></html>`,
    ],
    [
      'with tags in its scripts and texts',
      `<html><body a="<div>"><script>"<div></html>"</script>${long}</body></html>`,
    ],
    ['that is a fragment of nothing but text', 'blood pressure 120'],
    ['that is a fragment about pages', `<p>the tag &lt;html&gt; or <code><html></code>${long}`],
    ['that is a fragment with an element of its own', `<html-viewer>${long}`],
  ])('passes %s', (_, body) => {
    for (const size of [1, 1_024, 100_000]) expect(setup('html', body, {}, size)).toBeNull();
  });

  it.each([
    ['cut within a word', '<!DOCTYPE html><html><body><h1>x</h1><p>5f3a9c', /end is missing/],
    ['cut within a table', `<html><body><table><tr><td>${long}</td></tr>\n`, /end is missing/],
    [
      'cut within a list',
      `\ufeff<?xml version="1.0"?><!-- <b> -->\n<HTML\nlang="en"><ul><li>${long}</li>`,
      /end is missing/,
    ],
    ['cut within a script', `<html><script>"</html>"; var a = 1;\n`, /end is missing/],
    ['cut within a comment', `<html>${long}<!-- </html> `, /end is missing/],
    ['cut within the second of two', `<html>${long}</html><html><body><div>${long}`, /end is missing/],
    ['cut within its end', `<html><body>${long}</body></ht`, /within a tag/],
    [
      'with an empty body',
      '<html><head><title>Record</title></head><body> &nbsp;\xa0\n</body></html>',
      /an empty page/,
    ],
    ['that leads elsewhere', '<html><script>location.href="/portal"</script><body></body></html>', /an empty page/],
    ['that is JSON', ' {"statusCode":500,"error":"x"}', /something like JSON/],
    ['that is an empty JSON value', 'null', /something like JSON/],
    ...[
      '<html><head><title>502 Bad Gateway</title></head><body><h1>502</h1>proxy</body></html>',
      '<html><head><title>504 Gateway Time-out</title></head><body><center><h1>x</h1></center></body></html>',
      '<html><head><title>HTTP Status 404 \u2013 Not Found</title></head><body>x</body></html>',
      '<HTML><HEAD>\n<TITLE>Access Denied</TITLE>\n</HEAD><BODY>\n<H1>Access Denied</H1>x</BODY></HTML>',
      '<html><body><h1>503 Service Unavailable</h1>\nNo server is available.\n</body></html>\n',
      '<html><head><title>ERROR: The requested URL could not be retrieved</title></head><body>x</body></html>',
      '<html><head><title>Guest Wi-Fi</title></head><body><form><input type="password"></form></body></html>',
      '<!DOCTYPE html><html><head><title>Error 403</title><body>x</body></html>',
      '<html><head><title>Login</title></head><body><h1>Portal</h1></body></html>',
      '<html><head><title>Service Unavailable</title></head><body>x</body></html>',
      '<html><head><title>example.org | 502: Bad gateway</title></head><body>x</body></html>',
      '<html><head><title>Just a moment...</title></head><body>x</body></html>',
      '<html><head><title>Attention Required! | Cloudflare</title></head><body>x</body></html>',
      'upstream connect error or disconnect/reset before headers',
      '404 page not found\n',
    ].map((page): [string, string, RegExp] => [`that is a proxy's: ${page}`, page, /a proxy's page/]),
  ])('is refused %s', (_, body, told) => {
    for (const size of [1, 1_024, 100_000]) expect(setup('html', body, {}, size)).toMatch(told);
  });

  it.each([
    ['has its body closed only', 'body-closed-only.html'],
    ['leaves end tags out', 'no-end-tags.html'],
    ['has a NUL behind </html>', 'nul-behind.html'],
    ['has a script behind </html>', 'script-behind.html'],
  ])('of the field that %s is stored, because a browser shows all of it', (_, file) => {
    expect(fieldCase(`html/${file}`)).toBeNull();
  });

  it('is read in no time, whatever stands at its ends', () => {
    for (const piece of ['<!---->', '<!--', '</html>', ' ', '<?>']) {
      const startedMs = performance.now();
      setup('html', piece.repeat(1_000), {}, 100_000);
      expect(performance.now() - startedMs).toBeLessThan(1_000);
    }
  });
});

describe('a JSON record', () => {
  it.each([
    ['null.json', /empty values only/],
    ['empty-text.json', /empty values only/],
    ['empty-object.json', /empty values only/],
    ['nan.json', /one JSON text in UTF-8/],
    ['latin1.json', /one JSON text in UTF-8/],
  ])('of the field is refused where it is %s', (file, told) => expect(fieldCase(`json/${file}`)).toMatch(told));

  it.each([
    [
      'whose key comes twice, because RFC 8259 leaves the choice to the reader, and we store bytes',
      'duplicate-keys.json',
    ],
    ['with a NUL behind it, because it would come the same each time, and nothing is lost', 'trailing-nul.json'],
  ])('of the field is stored %s', (_, file) => expect(fieldCase(`json/${file}`)).toBeNull());

  it.each(['[]', '[{}]', ' \n ', '{"a":{"b":[null,""," "]}}', '"\\u0020"', `[${'{},'.repeat(40_000)}null]`])(
    'is refused where it has empty values only: %.20s',
    (body) => expect(setup('json', body, {}, 5_000)).toMatch(/empty values only|a part of one/),
  );

  it.each(['0', 'false', '"OK"', '-1.5e3', `"${'x'.repeat(70_000)}"`])(
    'is refused where it is the single value %.20s',
    (body) => {
      expect(setup('json', body)).toMatch(/an object or a list, got a single value/);
    },
  );

  it.each([
    '{"code":500,"error":"Internal","message":"x","x-humanapi-request-id":"1"}',
    '{"statusCode":404,"error":"Not Found","message":"x"}',
    '{"message":"Internal server error"}',
    '{"Message":"User is not authorized"}',
    '{"error":{"code":503,"message":"x"},"data":null}',
    '{"type":"about:blank","title":"Bad Gateway","status":502,"detail":"x"}',
    '{"timestamp":"2026-01-01","status":500,"error":"x","path":"/raw"}',
    '{"fault":{"faultstring":"x"}}',
    '{"success":false}',
    '[{"error":"x"}]',
    '{"resourceType":"OperationOutcome","issue":[{"severity":"error"}]}',
    '{"x-humanapi-request-id":"1","anything":{"more":1}}',
    '{"statusCode":400,"error":"Bad Request","message":"x","validation":{"source":"query","keys":["format"]}}',
    '{"errorCode":"E0000011","errorSummary":"Invalid token","errorId":"x"}',
    '{"message":"Internal server error","connectionId":"x","requestId":"x"}',
    '{"detail":"Not found."}',
    '{"code":503}',
    '{"status":"error","reason":"x"}',
  ])('is refused where it is an error: %s', (body) => expect(setup('json', body)).toMatch(/a record, got an error/));

  it.each([
    '{"a":0}',
    '[false]',
    '{"name":"\\u00e9"}',
    '{"status":"final","entries":[{"code":"x"}],"error":null}',
    '[{"error":"x"},{"code":"x","value":1}]',
    `{"message":"${'x'.repeat(70_000)}"}`,
    '{"a":1}\0\n\0',
    '[{"timestamp":"2026-01-01","type":"visit","title":"Office visit","description":"x"}]',
    '[{"code":401,"description":"Essential hypertension","status":"active"}]',
    '{"status":"final","details":{"medications":["x"]}}',
    '[{"type":"lab","title":"CBC","status":"unavailable","timestamp":"2026-01-01"}]',
    '{"messages":[{"from":"Dr X","text":"x"}]}',
  ])('passes: %.60s', (body) => expect(setup('json', body, {}, 3_000)).toBeNull());

  it('is refused with anything else behind a NUL, or a NUL within', () => {
    expect(setup('json', '{"a":1}\0{')).not.toBeNull();
    expect(setup('json', '{"a":\u00001}')).not.toBeNull();
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
