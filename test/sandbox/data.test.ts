import { inflateSync } from 'node:zlib';
import { generalError, startSandbox, validationError } from './fixture';

const REPORTS = '/data/v1/human/medical/reports';
const MINUTE_MS = 60_000;

interface Listed {
  readonly id: string;
  readonly name: string;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly organization?: { readonly id: string; readonly name: string; readonly href: string };
}

/** Somebody of that persona, `afterMinutes` into the story. */
async function setup(persona: string, afterMinutes: number) {
  const started = await startSandbox();
  const details = { firstName: 'Łena', lastName: '<Öz 日>', dateOfBirth: '1968-02-13T00:00:00.000Z' };
  await started.invite('POL-1', `${persona}@example.org`, details);
  started.clock.advance(afterMinutes * MINUTE_MS);
  const token = await started.accessToken('POL-1');
  const list = async () => (await started.call('GET', REPORTS, { token })).body as Listed[];
  const raw = (id: string, query: string) => started.call('GET', `${REPORTS}/${id}/raw${query}`, { token });
  const idOf = async (type: string) => (await list()).find(({ name }) => name === type)?.id ?? '';
  return { ...started, token, list, raw, idOf };
}

/** The text that a PDF shows, from its inflated content streams. */
function textOf(pdf: Buffer): string {
  const streams = pdf
    .toString('latin1')
    .split(/stream\r?\n/)
    .filter((_, index) => index % 2 === 1);
  const contents = streams.map((stream) => inflateSync(Buffer.from(stream, 'latin1')).toString('latin1'));
  const shown = contents.join('\n').matchAll(/\[([^\]]*)\] TJ/g);
  const strings = Array.from(shown, ([, parts = '']) =>
    Array.from(parts.matchAll(/<([0-9a-f]*)>/g), ([, hex = '']) => Buffer.from(hex, 'hex').toString('latin1')).join(''),
  );
  return strings.join('\n');
}

describe('the list of reports', () => {
  it('is empty while the sources are read, then has one row a report', async () => {
    const { list, clock } = await setup('eager', 10);
    expect(await list()).toEqual([]);
    clock.advance(25 * MINUTE_MS);
    const row = (name: string) => ({
      id: expect.stringMatching(/^[0-9a-f]{24}$/),
      name,
      createdAt: expect.stringMatching(/^2030-03-01T09:35:00\.\d{3}Z$/),
      updatedAt: expect.stringMatching(/^2030-03-01T09:35:00\.\d{3}Z$/),
      organization: {
        id: expect.stringMatching(/^[0-9a-f]{24}$/),
        name: 'Starfleet Medical',
        href: expect.stringMatching(/^https:\/\/api\.humanapi\.co\//),
      },
    });
    expect(await list()).toEqual([row('unity'), row('ccdraw')]);
  });

  it('gives reports of the whole person no organization', async () => {
    const { list } = await setup('several', 75);
    const whole = (await list()).filter(({ organization }) => !organization).map(({ name }) => name);
    expect(whole).toEqual(['apidata', 'timeline', 'healthcheck', 'highlights']);
  });
});

describe('the bytes of a report', () => {
  const OFFERED: Readonly<Record<string, readonly string[]>> = {
    unity: ['json', 'html', 'pdf'],
    ccdraw: ['html', 'pdf'],
    apidata: ['json'],
    timeline: ['json'],
    healthcheck: ['html', 'pdf'],
    highlights: ['html', 'pdf'],
  };

  it('come in the formats of the type with their Content-Type, 415 for the others, the same at every request', async () => {
    const { list, raw } = await setup('several', 75);
    const reports = await list();
    expect(new Set(reports.map(({ name }) => name))).toEqual(new Set(Object.keys(OFFERED)));
    for (const { id, name } of reports) {
      for (const [format, type] of [
        ['json', 'application/json'],
        ['html', 'text/html'],
        ['pdf', 'application/pdf'],
      ] as const) {
        const answer = await raw(id, `?format=${format}`);
        if (OFFERED[name]?.includes(format)) {
          expect([answer.status, answer.headers.get('content-type')?.split(';')[0]]).toEqual([200, type]);
          expect(answer.headers.get('content-length')).toBe(String(answer.bytes.length));
          expect(answer.bytes.equals((await raw(id, `?format=${format}`)).bytes)).toBe(true);
        } else {
          expect([answer.status, answer.body]).toEqual([415, generalError(415)]);
        }
      }
    }
  });

  it('are a readable PDF with every page numbered', async () => {
    const { raw, idOf } = await setup('eager', 40);
    const { bytes } = await raw(await idOf('ccdraw'), '?format=pdf');
    const text = bytes.toString('latin1');
    expect(text.startsWith('%PDF-1.')).toBe(true);
    expect(text.trimEnd().endsWith('%%EOF')).toBe(true);
    const [, table] = /startxref\n(\d+)\n/.exec(text) ?? [];
    expect(text.slice(Number(table)).startsWith('xref')).toBe(true);
    const pages = text.match(/\/Type \/Page\b/g)?.length ?? 0;
    const shown = textOf(bytes);
    expect(shown).toContain('Complete clinical record');
    expect(shown).toContain('?ena <Öz ?>, born 1968-02-13');
    expect(shown).toContain(`Page ${pages} of ${pages}`);
    expect(shown).not.toContain(`Page ${pages + 1}`);
  });

  it('are HTML in which a name stays text', async () => {
    const { raw, idOf } = await setup('eager', 40);
    const { bytes } = await raw(await idOf('unity'), '?format=html');
    expect(bytes.toString()).toContain('Łena &#60;Öz 日&#62;');
    expect(bytes.toString()).not.toContain('<Öz');
  });

  it('are JSON with the sections that the provider has', async () => {
    const { list, raw } = await setup('several', 75);
    const sections = async (organization: string) => {
      const report = (await list()).find((row) => row.name === 'unity' && row.organization?.name === organization);
      return Object.keys((await raw(report?.id ?? '', '?format=json')).body as object).slice(3);
    };
    const filled = (body: object) =>
      Object.entries(body)
        .filter(([, entries]) => entries.length > 0)
        .map(([name]) => name);
    expect(await sections('Starfleet Medical')).toEqual(
      expect.arrayContaining([
        'allergies',
        'medications',
        'problems',
        'results',
        'vitals',
        'immunizations',
        'procedures',
        'encounters',
        'narratives',
      ]),
    );
    const pharmacy = (await list()).find((row) => row.organization?.name === 'Starfleet Pharma');
    const { report, patient, organizations, ...body } = (await raw(pharmacy?.id ?? '', '?format=json')).body as Record<
      string,
      object
    >;
    expect([report, patient, organizations]).toEqual([
      { id: pharmacy?.id, type: 'unity', updatedAt: pharmacy?.updatedAt },
      { name: 'Łena <Öz 日>', dateOfBirth: '1968-02-13' },
      ['Starfleet Pharma'],
    ]);
    expect(filled(body)).toEqual(['allergies', 'medications', 'immunizations']);
  });

  it('put the timeline in the order of dates and say whose data it is', async () => {
    const { raw, idOf } = await setup('several', 75);
    const { events } = (await raw(await idOf('timeline'), '?format=json')).body as {
      events: { date: string; organization: string }[];
    };
    expect(events.map(({ date }) => date)).toEqual(events.map(({ date }) => date).toSorted());
    expect(new Set(events.map(({ organization }) => organization)).size).toBe(4);
  });

  it('change with an update, under the same id and a later date', async () => {
    const { list, raw, idOf, clock } = await setup('several', 60);
    const id = await idOf('unity');
    const [before] = await list();
    const old = { json: await raw(id, '?format=json'), pdf: await raw(id, '?format=pdf') };
    clock.advance(15 * MINUTE_MS);
    const after = (await list()).find((row) => row.id === id);
    expect(after?.createdAt).toBe(before?.createdAt);
    expect(Date.parse(after?.updatedAt ?? '')).toBeGreaterThan(Date.parse(before?.updatedAt ?? ''));
    expect((await raw(id, '?format=pdf')).bytes.equals(old.pdf.bytes)).toBe(false);
    const results = (answer: { body: unknown }) => (answer.body as { results: object[] }).results;
    const grown = results(await raw(id, '?format=json'));
    expect(grown.slice(0, -1)).toEqual(results(old.json));
  });
});

describe('asking for bytes wrongly', () => {
  it.each([
    ['', ['format']],
    ['?format=xml', ['format']],
    ['?format=pdf&page=1', ['page']],
  ])('is a 400 for "%s"', async (query, keys) => {
    const { raw, idOf } = await setup('eager', 40);
    const { status, body } = await raw(await idOf('unity'), query);
    expect([status, body]).toEqual([400, validationError('query', keys)]);
  });

  it("is a 404 for a report that is not there and for another person's", async () => {
    const { raw, idOf, invite, clock, accessToken, call } = await setup('eager', 40);
    expect((await raw('0123456789abcdef01234567', '?format=pdf')).body).toEqual(generalError(404));
    await invite('POL-2', 'eager@example.org');
    clock.advance(40 * MINUTE_MS);
    const other = await accessToken('POL-2');
    expect((await call('GET', `${REPORTS}/${await idOf('unity')}/raw?format=pdf`, { token: other })).status).toBe(404);
  });
});
