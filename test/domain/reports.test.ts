import {
  documentKey,
  findAbsentReports,
  findNewestVersion,
  type ListedReport,
  listWantedDocuments,
  parseWanted,
  type StoredDocument,
  storedDocumentKeys,
  type WantedDocument,
} from '../../src/domain/reports';

const CLINIC = { id: 'o1', name: 'Clinic' };
const isStored = (stored: StoredDocument[], wanted: WantedDocument) =>
  storedDocumentKeys(stored).has(documentKey(wanted));
const PHARMACY = { id: 'o2', name: 'Pharmacy' };

function setup() {
  const row = (id: string, type: string, organization: ListedReport['organization'] = CLINIC): ListedReport => ({
    id,
    type,
    organization,
    updatedAt: '2026-01-02T00:00:00Z',
  });
  const stored = (reportId: string, updatedAt: string | null, seenAt: string | null = null): StoredDocument => ({
    file: `unity/clinic/${reportId}.${updatedAt}.pdf`,
    type: 'unity',
    organization: CLINIC,
    format: 'pdf',
    reportId,
    updatedAt,
    seenAt,
    sha256: '0',
    bytes: 1,
    contentType: 'application/pdf',
    storedAt: '2026-01-03T00:00:00Z',
    superseded: false,
  });
  return { row, stored };
}

describe('the reports wanted', () => {
  test.each([
    ['unity:json,pdf;ccdraw:pdf', { unity: ['json', 'pdf'], ccdraw: ['pdf'] }],
    [' Unity : JSON , pdf ; ', { unity: ['json', 'pdf'] }],
    ['unity:pdf,pdf,PDF', { unity: ['pdf'] }],
    ['lab_report-2:html', { 'lab_report-2': ['html'] }],
    ['constructor:pdf;__proto__:json', { constructor: ['pdf'], ['__proto__']: ['json'] }],
    ['healthcheck:json;highlights:json', { healthcheck: ['json'], highlights: ['json'] }],
    ['timeline:json;apidata:json', { timeline: ['json'], apidata: ['json'] }],
    [`${'x'.repeat(80)}:pdf`, { ['x'.repeat(80)]: ['pdf'] }],
  ])('%p are understood', (text, wanted) => expect(parseWanted(text)).toEqual({ ok: true, wanted }));

  test.each([
    ['', /at least one type/],
    [' ; ', /at least one type/],
    ['unity', /one or more of json, html, pdf for the type unity/],
    ['unity:', /one or more of/],
    ['unity:docx', /one or more of json, html, pdf for the type unity/],
    ['unity:pdf,', /one or more of/],
    ['ccdraw:json', /one or more of html, pdf for the type ccdraw/],
    ['apidata:pdf', /one or more of json for the type apidata/],
    ['timeline:html', /one or more of json for the type timeline/],
    ['custom:doc', /one or more of json, html, pdf for the type custom/],
    ['unity:pdf;UNITY:json', /the type unity once/],
    ['unity:pdf:json', /type:format,format/],
    ['un ity:pdf', /type:format,format/],
    [':pdf', /type:format,format/],
    [`${'x'.repeat(81)}:pdf`, /1 to 80/],
  ])('%p are refused, saying what was expected', (text, expected) => {
    expect(parseWanted(text)).toEqual({ ok: false, expected: expect.stringMatching(expected) });
  });

  test('are every report of a wanted type, in whatever case, in each of its formats', () => {
    const { row } = setup();
    const listed = [row('r1', 'Unity'), row('r2', 'ccdraw'), row('r3', 'timeline'), row('r4', 'constructor')];
    const documents = listWantedDocuments(listed, { unity: ['json', 'pdf'], ccdraw: ['pdf'] });
    expect(documents.map(({ report, format }) => `${report.id}.${format}`)).toEqual(['r1.json', 'r1.pdf', 'r2.pdf']);
  });
});

describe('a document', () => {
  test('is one format of one version: another instant is another document, another spelling of it is not', () => {
    const { row } = setup();
    const key = (updatedAt: string) => documentKey({ report: { ...row('r1', 'unity'), updatedAt }, format: 'pdf' });
    expect(key('2026-01-02T02:00:00.000+02:00')).toBe(key('2026-01-02T00:00:00'));
    expect(key('2026-01-02T00:00:00.001Z')).not.toBe(key('2026-01-02T00:00:00Z'));
  });

  test('is stored once its version is, or was seen again as the same bytes', () => {
    const { row, stored } = setup();
    const wanted = { report: row('r1', 'unity'), format: 'pdf' as const };
    expect(isStored([stored('r1', '2026-01-02T00:00:00')], wanted)).toBe(true);
    expect(isStored([stored('r1', '2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z')], wanted)).toBe(true);
    expect(isStored([stored('r1', '2026-01-01T00:00:00Z')], wanted)).toBe(false);
    expect(isStored([stored('r2', '2026-01-02T00:00:00Z')], wanted)).toBe(false);
    expect(isStored([stored('r1', '2026-01-02T00:00:00Z')], { ...wanted, format: 'json' })).toBe(false);
  });

  test('without a date is not taken for stored because a dated one never was seen again', () => {
    const { row, stored } = setup();
    const undated = { report: { ...row('r1', 'unity'), updatedAt: null }, format: 'pdf' as const };
    expect(isStored([stored('r1', '2026-01-02T00:00:00Z')], undated)).toBe(false);
    expect(isStored([stored('r1', null)], undated)).toBe(true);
  });

  test('is compared with the newest stored version of its report and format', () => {
    const { stored } = setup();
    const versions = [stored('r1', '2026-01-02T00:00:00Z'), stored('r1', '2026-01-09T00:00:00Z'), stored('r1', null)];
    expect(findNewestVersion(versions, 'r1', 'pdf')?.updatedAt).toBe('2026-01-09T00:00:00Z');
    expect(findNewestVersion(versions, 'r1', 'json')).toBeNull();
    expect(findNewestVersion(versions, 'r2', 'pdf')).toBeNull();
  });
});

describe('what a list lacks', () => {
  const wanted = { unity: ['json', 'pdf'], ccdraw: ['pdf'], timeline: ['json'] } as const;

  test('is nothing where every provider has both and the person the rest', () => {
    const { row } = setup();
    const listed = [row('r1', 'unity'), row('r2', 'ccdraw'), row('r3', 'timeline', null)];
    expect(findAbsentReports(listed, wanted)).toEqual([]);
  });

  test('is missing for a unity, provider by provider and format by format', () => {
    const { row } = setup();
    const listed = [
      row('r1', 'unity'),
      row('r2', 'ccdraw'),
      row('r3', 'ccdraw', PHARMACY),
      row('r4', 'timeline', null),
    ];
    const missing = findAbsentReports(listed, wanted).map(({ type, organization, format, reason }) => [
      type,
      organization?.id,
      format,
      reason,
    ]);
    expect(missing).toEqual([
      ['unity', 'o2', 'json', 'missing'],
      ['unity', 'o2', 'pdf', 'missing'],
    ]);
  });

  test('is not listed for a ccdraw, which may still come and which a pharmacy never has', () => {
    const { row } = setup();
    const listed = [row('r1', 'unity', PHARMACY), row('r4', 'timeline', null)];
    expect(findAbsentReports(listed, wanted)).toEqual([
      expect.objectContaining({ type: 'ccdraw', organization: PHARMACY, reason: 'not-listed' }),
    ]);
  });

  test('tells providers apart by id, or by name where there is none', () => {
    const { row } = setup();
    const nameless = { id: null, name: 'Clinic' };
    const listed = [row('r1', 'unity', nameless), row('r2', 'unity', { id: null, name: 'Other' })];
    expect(findAbsentReports(listed, { unity: ['pdf'] })).toEqual([]);
    expect(
      findAbsentReports([row('r1', 'unity', nameless), row('r2', 'x', PHARMACY)], { unity: ['pdf'] }),
    ).toHaveLength(1);
  });

  test('is told once for the person where no provider is listed at all', () => {
    expect(findAbsentReports([], { unity: ['pdf'] })).toEqual([
      expect.objectContaining({ type: 'unity', organization: null, reason: 'missing' }),
    ]);
  });
});
