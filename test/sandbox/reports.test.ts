import { inflateSync } from 'node:zlib';
import type { Format } from '../../src/domain/reports';
import { createDocumentCheck } from '../../src/report-store/document/check';
import { CONTENT_TYPE } from '../../src/report-store/document/content-type';
import { DAY_MS, generalError, MINUTE_MS, startSandbox, validationError } from './fixture';

const REPORTS = '/data/v1/human/medical/reports';
const ALL_FORMATS = ['json', 'html', 'pdf'] as const;
const FORMATS: Readonly<Record<string, readonly string[]>> = {
  unity: ALL_FORMATS,
  ccdraw: ['html', 'pdf'],
  apidata: ['json'],
  timeline: ['json'],
  healthcheck: ['html', 'pdf'],
  highlights: ['html', 'pdf'],
};

interface ListedReport {
  readonly id: string;
  readonly name: string;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly organization?: { readonly name: string };
}

/** Runs a persona for some minutes. */
async function setup(persona: string, minutes: number) {
  const started = await startSandbox();
  const details = { firstName: 'Łena', lastName: '(<Öz 日>', dateOfBirth: '1968-02-13T00:00:00.000Z' };
  await started.invite('POL-1', `${persona}@example.org`, details);
  started.clock.advance(minutes * MINUTE_MS);
  const token = await started.accessToken('POL-1');
  const list = async () => (await started.call('GET', REPORTS, { token })).body as ListedReport[];
  const idOf = async (type: string, provider?: string) =>
    (await list()).find(
      ({ name, organization }) => name === type && (provider ?? organization?.name) === organization?.name,
    )?.id;
  const raw = (id: string | undefined, query: string) => started.call('GET', `${REPORTS}/${id}/raw${query}`, { token });
  const json = async <T>(id: string | undefined) => (await raw(id, '?format=json')).body as T;
  return { ...started, token, list, idOf, raw, json };
}

/** Throws if Chartway would not store the document. */
function checkDocument(format: Format, bytes: Buffer, headers: Headers): void {
  const contentType = headers.get('content-type') ?? '';
  const check = createDocumentCheck({ format, contentType, contentLength: Number(headers.get('content-length')) });
  check.take(bytes);
  check.finish();
}

/** Expects a cross-reference table that has the position of each object, and returns the PDF as text with one letter per byte. */
function checkPositions(pdf: Buffer): string {
  const source = pdf.toString('latin1');
  const table = source.slice(Number(/startxref\n(\d+)\n%%EOF\n$/.exec(source.slice(-64))?.[1]));
  const offsets = Array.from(table.matchAll(/^(\d{10}) 00000 n $/gm), ([, offset]) => Number(offset));
  expect(table.startsWith(`xref\n0 ${offsets.length + 1}\n`)).toBe(true);
  expect(offsets.map((offset) => Number(/^(\d+) 0 obj\n/.exec(source.slice(offset, offset + 12))?.[1]))).toEqual(
    offsets.map((_, index) => index + 1),
  );
  return source;
}

/** The visible text of a PDF of pdfkit, from its compressed content streams. */
function visibleText(source: string): string {
  const streams = Array.from(source.matchAll(/stream\n(.*?)\nendstream/gs), ([, stream = '']) =>
    inflateSync(Buffer.from(stream, 'latin1')).toString('latin1'),
  );
  const drawn = Array.from(streams.join('\n').matchAll(/\[([^\]]*)\] TJ/g), ([, parts = '']) =>
    Array.from(parts.matchAll(/<([0-9a-f]*)>/g), ([, hex = '']) => Buffer.from(hex, 'hex').toString('latin1')).join(''),
  );
  return drawn.join('\n');
}

describe('the list of reports', () => {
  it('is empty until the first delivery, then has one row per report', async () => {
    const { list, clock } = await setup('eager', 10);
    expect(await list()).toEqual([]);
    clock.advance(25 * MINUTE_MS);
    const date = expect.stringMatching(/^2030-03-01T09:35:00\.\d{3}Z$/);
    const id = expect.stringMatching(/^[0-9a-f]{24}$/);
    const href = expect.stringMatching(/^https:\/\/api\.humanapi\.co\//);
    const row = { id, createdAt: date, updatedAt: date, organization: { id, name: 'Starfleet Medical', href } };
    expect(await list()).toEqual([
      { ...row, name: 'unity' },
      { ...row, name: 'ccdraw' },
    ]);
  });

  it('has no organization for reports about the whole person', async () => {
    const { list } = await setup('several', 75);
    const names = (await list()).filter(({ organization }) => !organization).map(({ name }) => name);
    expect(names).toEqual(['apidata', 'timeline', 'healthcheck', 'highlights']);
  });
});

describe('a report', () => {
  it('is a document with the same bytes at each request, in the formats of its type, and 415 for other formats', async () => {
    const { list, raw } = await setup('several', 75);
    const reports = await list();
    expect(new Set(reports.map(({ name }) => name))).toEqual(new Set(Object.keys(FORMATS)));
    for (const { id, name } of reports) {
      for (const format of ALL_FORMATS) {
        const { status, headers, bytes, body } = await raw(id, `?format=${format}`);
        if (!FORMATS[name]?.includes(format)) {
          expect([status, body]).toEqual([415, generalError(415)]);
          continue;
        }
        expect([status, headers.get('content-type')?.split(';')[0]]).toEqual([200, CONTENT_TYPE[format]]);
        checkDocument(format, bytes, headers);
        expect(bytes.equals((await raw(id, `?format=${format}`)).bytes)).toBe(true);
      }
    }
  });

  it('is a PDF with the position of each object, the name of the person and page numbers', async () => {
    const { raw, idOf } = await setup('eager', 40);
    const source = checkPositions((await raw(await idOf('ccdraw'), '?format=pdf')).bytes);
    const pages = source.match(/\/Type \/Page\b/g)?.length ?? 0;
    const text = visibleText(source);
    expect(text).toContain('?ena (<Öz ?>, born 1968-02-13');
    const numbers = Array.from({ length: pages }, (_, index) => `Page ${index + 1} of ${pages}`);
    expect(text.match(/Page \d+ of \d+/g)).toEqual(numbers);
  });

  it('is HTML in which a name is escaped', async () => {
    const { raw, idOf } = await setup('eager', 40);
    const html = (await raw(await idOf('unity'), '?format=html')).bytes.toString();
    expect(html).toContain('Łena (&#60;Öz 日&#62;');
  });

  it('is JSON with the sections of the provider', async () => {
    const { idOf, json } = await setup('several', 75);
    const filled = async (provider: string) => {
      const { report, patient, organizations, ...sections } = await json<Record<string, object[]>>(
        await idOf('unity', provider),
      );
      expect([report, patient, organizations]).toEqual([
        expect.objectContaining({ type: 'unity' }),
        { name: 'Łena (<Öz 日>', dateOfBirth: '1968-02-13' },
        [provider],
      ]);
      return Object.keys(sections).filter((name) => sections[name]?.length);
    };
    expect(await filled('Starfleet Medical')).toHaveLength(9);
    expect(await filled('Starfleet Pharma')).toEqual(['allergies', 'medications', 'immunizations']);
  });

  it('of the type timeline has dated entries of all providers in their order', async () => {
    const { idOf, json } = await setup('several', 75);
    const { events } = await json<{ events: { date: string; organization: string }[] }>(await idOf('timeline'));
    expect(events.map(({ date }) => date)).toEqual(events.map(({ date }) => date).toSorted());
    expect(new Set(events.map(({ organization }) => organization)).size).toBe(4);
  });

  it('changes with an update, under the same id and with a later date', async () => {
    const { list, raw, json, clock } = await setup('several', 60);
    const [before] = await list();
    const pdf = (await raw(before?.id, '?format=pdf')).bytes;
    const { results } = await json<{ results: object[] }>(before?.id);
    clock.advance(15 * MINUTE_MS);
    const after = (await list()).find(({ id }) => id === before?.id);
    expect(after?.createdAt).toBe(before?.createdAt);
    expect(Date.parse(after?.updatedAt ?? '')).toBeGreaterThan(Date.parse(before?.updatedAt ?? ''));
    expect((await raw(before?.id, '?format=pdf')).bytes.equals(pdf)).toBe(false);
    expect((await json<{ results: object[] }>(before?.id)).results.slice(0, -1)).toEqual(results);
  });

  it('of 60 MB is streamed with its length, as a PDF with the position of each object, the name and the same bytes each time', async () => {
    const { raw, idOf } = await setup('huge', DAY_MS / MINUTE_MS);
    const id = await idOf('ccdraw', 'Starfleet Medical');
    const { bytes, headers } = await raw(id, '?format=pdf');
    expect(bytes.length / 1_000_000).toBeCloseTo(61, -1);
    checkDocument('pdf', bytes, headers);
    const source = checkPositions(bytes);
    expect(source.slice(0, 10_000)).toContain('(Patient: ?ena \\(<\xd6z ?>, born 1968-02-13)');
    expect([source.match(/\/Count \d+/)?.[0], source.match(/\/Type \/Page\b/g)?.length]).toEqual(['/Count 61', 61]);
    expect((await raw(id, '?format=pdf')).bytes.equals(bytes)).toBe(true);
  });

  it.each([
    ['', ['format']],
    ['?format=xml', ['format']],
    ['?format=pdf&page=1', ['page']],
  ])('with the query "%s" is a 400', async (query, keys) => {
    const { raw, idOf } = await setup('eager', 40);
    expect((await raw(await idOf('unity'), query)).body).toEqual(validationError('query', keys));
  });

  it('that does not exist or belongs to another person is a 404', async () => {
    const { raw, idOf, invite, clock, accessToken, call } = await setup('eager', 40);
    expect((await raw('0123456789abcdef01234567', '?format=pdf')).body).toEqual(generalError(404));
    await invite('POL-2', 'eager@example.org');
    clock.advance(40 * MINUTE_MS);
    const token = await accessToken('POL-2');
    expect((await call('GET', `${REPORTS}/${await idOf('unity')}/raw?format=pdf`, { token })).status).toBe(404);
  });
});
