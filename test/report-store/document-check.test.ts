import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Format } from '../../src/domain/reports';
import { type AnnouncedDocument, createDocumentCheck } from '../../src/report-store/document/check';
import { provenContentType } from '../../src/report-store/document/content-type';
import { NotTheDocument } from '../../src/report-store/errors';
import { pdf } from './fixtures';

const TYPE: Readonly<Record<Format, string>> = { json: 'application/json', html: 'text/html', pdf: 'application/pdf' };
const FORMATS = ['json', 'html', 'pdf'] as const;

/** Null if the document passes, otherwise the message of the error. */
function check(
  format: Format,
  body: string | Buffer,
  announced: Partial<AnnouncedDocument> = {},
  size = 11,
): string | null {
  const documentCheck = createDocumentCheck({ format, contentType: TYPE[format], contentLength: null, ...announced });
  const bytes = Buffer.from(body as string);
  try {
    for (let at = 0; at < bytes.byteLength; at += size) documentCheck.take(bytes.subarray(at, at + size));
    documentCheck.finish();
    return null;
  } catch (error) {
    expect(error).toBeInstanceOf(NotTheDocument);
    return (error as Error).message;
  }
}

/** Checks a body in pieces of several sizes. `verdict`: null if it passes, otherwise a part of the message. */
function expectVerdict(format: Format, body: string | Buffer, verdict: string | null): void {
  for (const size of [1, 1_024, 100_000]) {
    const message = check(format, body, {}, size);
    if (verdict === null) expect(message).toBeNull();
    else expect(message).toContain(verdict);
  }
}

const HTML = '<!DOCTYPE html><html><body>x</body></html>\n';
const VALID: Readonly<Record<Format, string>> = { json: '{"name":"x"}', html: HTML, pdf: pdf('x') };

describe('the content type', () => {
  it.each<[Format, string]>([
    ['json', 'application/json'],
    ['json', 'Application/JSON; charset=utf-8'],
    ['json', 'application/fhir+json'],
    ['json', 'text/json'],
    ['html', 'text/html;charset=UTF-8'],
    ['html', 'application/xhtml+xml'],
    ['pdf', ' application/PDF ; x=y'],
    ['pdf', 'application/x-pdf'],
    ...FORMATS.flatMap((format): [Format, string][] => [
      [format, ''],
      [format, 'application/octet-stream'],
      [format, 'binary/octet-stream'],
      [format, 'application/x-download; name=x'],
      [format, 'application/force-download'],
    ]),
  ])('of a %s can be %j', (format, contentType) => {
    expect(check(format, VALID[format], { contentType })).toBeNull();
  });

  it.each<[Format, string]>([
    ['json', 'text/plain'],
    ['json', 'text/html'],
    ['json', 'application/json-seq'],
    ['html', 'application/json'],
    ['pdf', 'text/html'],
    ['pdf', 'text/plain'],
  ])('of a %s cannot be %j', (format, contentType) => {
    const message = `a ${format} document: expected the content type ${TYPE[format]}, got ${contentType}`;
    expect(check(format, VALID[format], { contentType })).toBe(message);
  });

  it('is checked before the bytes', () => {
    const documentCheck = createDocumentCheck({ format: 'pdf', contentType: 'text/html', contentLength: null });
    expect(() => documentCheck.take(Buffer.from('<'))).toThrow(NotTheDocument);
  });

  it.each<[string, Format, string]>([
    [' application/pdf; v=1 ', 'pdf', 'application/pdf; v=1'],
    ['application/octet-stream', 'pdf', 'application/pdf'],
    ['', 'pdf', 'application/pdf'],
    ['application/x-pdf', 'pdf', 'application/pdf'],
    ['text/json', 'json', 'application/json'],
  ])('%j of a %s is recorded as %s', (contentType, format, recorded) => {
    expect(provenContentType({ format, contentType })).toBe(recorded);
  });

  it('without meaning requires HTML to begin like a page', () => {
    expect(check('html', '<p>x</p>', { contentType: 'application/octet-stream' })).toMatch(/or a page, got neither/);
  });

  it('is quoted in an error only if it is a known one', () => {
    expect(check('pdf', 'x', { contentType: 'Max Mustermann' })).not.toMatch(/mustermann/i);
  });
});

describe('the length', () => {
  it('must be the announced one', () => {
    const { length } = HTML;
    expect(check('html', HTML, { contentLength: length })).toBeNull();
    const message = `expected the ${length + 1} bytes that were announced, got ${length}`;
    expect(check('html', HTML, { contentLength: length + 1 })).toBe(message);
    expect(check('html', HTML, { contentLength: length - 1 })).toMatch(/got more$/);
  });

  it.each<Format>(FORMATS)('of a %s cannot be zero', (format) => {
    expect(check(format, '')).toBe(`a ${format} document: expected a document, got no bytes`);
    expect(check(format, '', { contentLength: 0 })).not.toBeNull();
  });
});

/** Downloads of real servers, see test/field-cases. */
it.each<[string, string | null]>([
  ['pdf/plain.pdf', null],
  ['pdf/nul-1000.pdf', null],
  ['pdf/nul-18000.pdf', null],
  ['pdf/one-nul.pdf', null],
  ['pdf/path-line.pdf', null],
  ['pdf/proxy-page-then-pdf.bin', 'a page before it'],
  ['pdf/html-5000-behind.pdf', 'a page after it'],
  ['html/body-closed-only.html', null],
  ['html/no-end-tags.html', null],
  ['html/nul-behind.html', null],
  ['html/script-behind.html', null],
  ['json/null.json', 'empty values only'],
  ['json/empty-text.json', 'empty values only'],
  ['json/empty-object.json', 'empty values only'],
  ['json/nan.json', 'one JSON text in UTF-8'],
  ['json/latin1.json', 'one JSON text in UTF-8'],
  ['json/duplicate-keys.json', null], // RFC 8259 leaves the choice to the reader
  ['json/trailing-nul.json', null], // upstream would send the same again, and nothing is lost
])('the field case %s: %s', (file, verdict) => {
  const format = file.slice(0, file.indexOf('/')) as Format;
  expectVerdict(format, readFileSync(join(__dirname, '../field-cases', file)), verdict);
});

const LONG = 'x'.repeat(5_000);
const PDF = pdf(LONG);

it.each<[string, string, string | null]>([
  ['whole', PDF, null],
  ['after a byte order mark', `\ufeff${PDF}`, null],
  ['after a line break', `\r\n${PDF}`, null],
  ['before white space', `${PDF}${' '.repeat(1_000)}`, null],
  ['with padding of any length', `${PDF}${'\0\0 \r\n'.repeat(20_000)}`, null],
  ['after the header lines of a message', `Content-Type: application/pdf\r\n\r\n${PDF}`, null],
  ['with the header at byte 1,023', `${'\0'.repeat(1_023)}${PDF}`, null],
  ['in a multipart message', `--b\r\nX: <y@z>\r\n\r\n${PDF}\r\n--b--\r\n`, null],
  ['before the bytes of a signature', `${PDF}${'\x7f'.repeat(1_000)}`, null],
  ['updated', `${PDF}${PDF}`, null],
  ['linearised and updated', `%PDF-1.5\n1 0 obj\n<</L 900/Linearized 1>>\n${PDF}`, null],
  ['truncated', PDF.slice(0, -20), '%%EOF'],
  ['truncated in its end mark', `%PDF-1.4\n${LONG}%%EO`, '%%EOF'],
  ['with an early end mark only', `%PDF-1.4\n%%EOF\n${LONG}`, '%%EOF'],
  ['truncated in an update', `${PDF}12 0 obj\n<< /Len`, 'the end is missing'],
  ['after the page of a proxy', `${HTML}${PDF}`, 'a page before it'],
  ['after the beginning of a page', `<!DOCTYPE html PUBLIC "${PDF}`, 'a page before it'],
  ['before the page of a proxy', `${PDF}${HTML}`, 'a page after it'],
  ['before the JSON of a gateway', `${PDF}{"statusCode":500,"error":"x"}`, 'a page after it'],
  ['truncated, linearised', '%PDF-1.5\n1 0 obj\n<</Linearized 1/L 50000>>\nendobj\n%%EOF\n', 'a part of it'],
  ['with the header at byte 1,024', `${'\0'.repeat(1_024)}${PDF}`, 'first 1024 bytes'],
  ['JSON', '{"error":"x"}', '%PDF- in the first 1024 bytes'],
])('a PDF that is %s', (_, body, verdict) => expectVerdict('pdf', body, verdict));

const TEXT = `<p>${LONG}</p>`;
const titled = (title: string) => `<html><head><title>${title}</title></head><body>x</body></html>`;
const CUT = 'end is missing';
const PROXY = "a proxy's page";

it.each<[string, string | Buffer, string | null]>([
  ['whole', `<!DOCTYPE html><html lang="en"><body>${TEXT}</body></html>`, null],
  ['in capitals', `<HTML><BODY>${TEXT}</BODY></HTML >`, null],
  ['before comments', `<html>${TEXT}</html>\n<!-- made > there -->\r\n<!---->${' '.repeat(900)}`, null],
  ['a fragment', `<div>${TEXT}</div>`, null],
  ['continued after its end', `<html></html>${TEXT}`, null],
  ['without </html>', `<html><body>${TEXT}</body>\n`, null],
  ['without end tags', '<!DOCTYPE html><html lang=en><title>Record</title><p>One<p>Two', null],
  ['without end tags in a table', `<html><body>${TEXT}<table><tr><td>x<tr><td>y</table>`, null],
  ['without a body tag', `<!DOCTYPE html><title>Record</title>${TEXT}`, null],
  ['in UTF-16', Buffer.from(`\ufeff<html><body>${TEXT}</body></html>`, 'utf16le'), null],
  ['an image', '<html><body><img src="data:image/png;base64,x"></body></html>', null],
  ['drawn by a script', `<html><body><script>var record = "${LONG}"</script></body></html>`, null],
  ['titled "500 mg daily"', titled('500 mg daily').replace('x', '<h1>404 Main Street</h1>'), null],
  ['with a heading', `<html><body><h1>Attention required: allergies</h1></body></html>`, null],
  ['with a titled drawing', `<html><title>Record</title><svg><title>404 Not Found</title></svg>x</html>`, null],
  ['with tags in strings', `<html><body a="<div>"><script>"<div></html>"</script>${TEXT}</body></html>`, null],
  ['a fragment of text', 'blood pressure 120', null],
  ['a fragment with a loose "<"', '<p>blood pressure < 120', null],
  ['a fragment about pages', `<p>the tag &lt;html&gt; or <code><html></code>${TEXT}`, null],
  ['a fragment with its own element', `<html-viewer>${TEXT}`, null],
  ['white space', ' \n ', 'white space only'],
  ['truncated in a word', '<!DOCTYPE html><html><body><h1>x</h1><p>5f3a9c', CUT],
  ['truncated in a table', `<html><body><table><tr><td>${TEXT}</td></tr>\n`, CUT],
  ['truncated in a list', `\ufeff<?xml version="1.0"?><!-- <b> -->\n<HTML\nlang="en"><ul><li>${TEXT}</li>`, CUT],
  ['truncated in a script', `<html><script>"</html>"; var a = 1;\n`, CUT],
  ['truncated in a comment', `<html>${TEXT}<!-- </html> `, CUT],
  ['truncated in the second of two', `<html>${TEXT}</html><html><body><div>${TEXT}`, CUT],
  ['truncated in a tag', '<html><body><p>x</p><td cla', 'within a tag'],
  ['truncated in its end', `<html><body>${TEXT}</body></ht`, 'within a tag'],
  ['empty', titled('Record').replace('x', ' &nbsp;\xa0\n'), 'an empty page'],
  ['a redirect', '<html><script>location.href="/portal"</script><body></body></html>', 'an empty page'],
  ['JSON', ' {"statusCode":500,"error":"x"}', 'got JSON'],
  ['an empty JSON value', 'null', 'got JSON'],
  ...[
    '502 Bad Gateway',
    '504 Gateway Time-out',
    'HTTP Status 404 \u2013 Not Found',
    '\nAccess Denied\n',
    'ERROR: The requested URL could not be retrieved',
    'Error 403',
    'Login',
    'Service Unavailable',
    'example.org | 502: Bad gateway',
    'Just a moment...',
    'Attention Required! | Cloudflare',
  ].map((title): [string, string, string] => [`titled "${title}"`, titled(title), PROXY]),
  ['headed by an error', '<html><body><h1>503 Service Unavailable</h1>\nNo server.\n</body></html>\n', PROXY],
  ['a login', '<html><title>Wi-Fi</title><body><form><input type="password"></form></body></html>', PROXY],
  ['the text of an error', 'upstream connect error or disconnect/reset before headers', PROXY],
  ['the text of a status', '404 page not found\n', PROXY],
])('an HTML page that is %s', (_, body, verdict) => expectVerdict('html', body, verdict));

it('an HTML page is checked quickly, whatever it repeats', () => {
  for (const piece of ['<!---->', '<!--', '</html>', ' ', '<?>']) {
    const startedMs = performance.now();
    check('html', piece.repeat(1_000), {}, 100_000);
    expect(performance.now() - startedMs).toBeLessThan(1_000);
  }
});

it.each(['[]', '[{}]', ' \n ', '{"a":{"b":[null,""," "]}}', '"\\u0020"', `[${'{},'.repeat(40_000)}null]`])(
  'a JSON document with only empty values is rejected: %.20s',
  (body) => expect(check('json', body, {}, 5_000)).toMatch(/empty values only|a part of one/),
);

it.each(['0', 'false', '"OK"', '-1.5e3', `"${'x'.repeat(70_000)}"`])(
  'a JSON document that is a single value is rejected: %.20s',
  (body) => expect(check('json', body)).toMatch(/an object or a list, got a single value/),
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
])('a JSON error is rejected: %s', (body) => expect(check('json', body)).toMatch(/a record, got an error/));

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
])('a JSON record passes: %.60s', (body) => expect(check('json', body, {}, 3_000)).toBeNull());

it.each([
  ['{"a":1', 'one whole JSON text, got a part of one (6 bytes)'],
  ['<html>', 'expected one JSON text in UTF-8'],
  ['{"a":1}\0{', 'expected one JSON text in UTF-8'],
  ['{"a":\u00001}', 'expected one JSON text in UTF-8'],
])('bytes that are not JSON are rejected: %j', (body, message) => expectVerdict('json', body, message));

it.each<[Format, string]>([
  ['json', '{"name":"Maxwell'],
  ['json', '{"name" Maxwell}'],
  ['json', 'Maxwell'],
  ['pdf', 'Maxwell'],
])('the error of a %s does not quote it: %s', (format, body) => expect(check(format, body)).not.toMatch(/Maxwell/));
