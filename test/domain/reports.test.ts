import {
  documentKey,
  type Format,
  findAbsentReports,
  findNewestVersion,
  type ListedReport,
  listWantedDocuments,
  parseWanted,
  type StoredDocument,
  storedDocumentKeys,
} from '../../src/domain/reports';

const CLINIC = { id: 'o1', name: 'Clinic' };
const PHARMACY = { id: 'o2', name: 'Pharmacy' };

const row = (id: string, type: string, organization: ListedReport['organization'] = CLINIC): ListedReport => {
  return { id, type, organization, updatedAt: '2026-01-02T00:00:00Z' };
};
const stored = (reportId: string, updatedAt: string | null, seenAt: string | null = null): StoredDocument => ({
  ...{
    file: `unity/clinic/${reportId}.${updatedAt}.pdf`,
    type: 'unity',
    organization: CLINIC,
    format: 'pdf',
    reportId,
  },
  ...{ updatedAt, seenAt, sha256: '0', bytes: 1, contentType: 'application/pdf', storedAt: '2026-01-03T00:00:00Z' },
  superseded: false,
});

describe('wanted reports', () => {
  test.each([
    ['unity:json,pdf;ccdraw:pdf', { unity: ['json', 'pdf'], ccdraw: ['pdf'] }],
    [' Unity : JSON , pdf ; ', { unity: ['json', 'pdf'] }],
    ['unity:pdf,pdf,PDF', { unity: ['pdf'] }],
    ['lab_report-2:html', { 'lab_report-2': ['html'] }],
    ['constructor:pdf;__proto__:json', { constructor: ['pdf'], ['__proto__']: ['json'] }],
    ['healthcheck:json;highlights:json', { healthcheck: ['json'], highlights: ['json'] }],
    ['timeline:json;apidata:json', { timeline: ['json'], apidata: ['json'] }],
    [`${'x'.repeat(80)}:pdf`, { ['x'.repeat(80)]: ['pdf'] }],
  ])('%p is valid', (text, wanted) => expect(parseWanted(text)).toEqual({ ok: true, wanted }));

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
  ])('%p is rejected with what was expected', (text, expected) => {
    expect(parseWanted(text)).toEqual({ ok: false, expected: expect.stringMatching(expected) });
  });

  test('are the reports of each wanted type, in any case, in each of its formats', () => {
    const listed = [row('r1', 'Unity'), row('r2', 'ccdraw'), row('r3', 'timeline'), row('r4', 'constructor')];
    const documents = listWantedDocuments(listed, { unity: ['json', 'pdf'], ccdraw: ['pdf'] });
    expect(documents.map(({ report, format }) => `${report.id}.${format}`)).toEqual(['r1.json', 'r1.pdf', 'r2.pdf']);
  });
});

describe('a document', () => {
  test('is identified by the instant of its version, not by the spelling', () => {
    const key = (updatedAt: string) => documentKey({ report: { ...row('r1', 'unity'), updatedAt }, format: 'pdf' });
    expect(key('2026-01-02T02:00:00.000+02:00')).toBe(key('2026-01-02T00:00:00'));
    expect(key('2026-01-02T00:00:00.001Z')).not.toBe(key('2026-01-02T00:00:00Z'));
  });

  test.each<[boolean, string, StoredDocument, string | null, Format]>([
    [true, 'its version', stored('r1', '2026-01-02T00:00:00'), '2026-01-02T00:00:00Z', 'pdf'],
    [
      true,
      'the same bytes',
      stored('r1', '2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'),
      '2026-01-02T00:00:00Z',
      'pdf',
    ],
    [false, 'an older version', stored('r1', '2026-01-01T00:00:00Z'), '2026-01-02T00:00:00Z', 'pdf'],
    [false, 'another report', stored('r2', '2026-01-02T00:00:00Z'), '2026-01-02T00:00:00Z', 'pdf'],
    [false, 'another format', stored('r1', '2026-01-02T00:00:00Z'), '2026-01-02T00:00:00Z', 'json'],
    [false, 'a version with a date', stored('r1', '2026-01-02T00:00:00Z'), null, 'pdf'],
    [true, 'a version without a date', stored('r1', null), null, 'pdf'],
  ])('is stored: %s, if the store has %s', (isStored, _what, entry, updatedAt, format) => {
    const key = documentKey({ report: { ...row('r1', 'unity'), updatedAt }, format });
    expect(storedDocumentKeys([entry]).has(key)).toBe(isStored);
  });

  test('is compared with the newest stored version of its report and format', () => {
    const versions = [stored('r1', '2026-01-02T00:00:00Z'), stored('r1', '2026-01-09T00:00:00Z'), stored('r1', null)];
    expect(findNewestVersion(versions, 'r1', 'pdf')?.updatedAt).toBe('2026-01-09T00:00:00Z');
    expect(findNewestVersion(versions, 'r1', 'json')).toBeNull();
    expect(findNewestVersion(versions, 'r2', 'pdf')).toBeNull();
  });
});

const WANTED = { unity: ['json', 'pdf'], ccdraw: ['pdf'], timeline: ['json'] } as const;
const TIMELINE = row('r9', 'timeline', null);
const UNNAMED = { id: null, name: 'Clinic' };

test.each<[string, ListedReport[], Partial<typeof WANTED>, string[]]>([
  [
    'nothing if each provider has both, and the person the rest',
    [row('r1', 'unity'), row('r2', 'ccdraw'), TIMELINE],
    WANTED,
    [],
  ],
  [
    'a unity, per provider and format',
    [row('r1', 'unity'), row('r2', 'ccdraw'), row('r3', 'ccdraw', PHARMACY), TIMELINE],
    WANTED,
    ['unity Pharmacy json missing', 'unity Pharmacy pdf missing'],
  ],
  [
    'a ccdraw, which may still come and which a pharmacy never has',
    [row('r1', 'unity', PHARMACY), TIMELINE],
    WANTED,
    ['ccdraw Pharmacy pdf not-listed'],
  ],
  [
    'nothing if each provider by name has its unity',
    [row('r1', 'unity', UNNAMED), row('r2', 'unity', { id: null, name: 'Other' })],
    { unity: WANTED.unity },
    [],
  ],
  [
    'the unity of a second provider by name',
    [row('r1', 'unity', UNNAMED), row('r2', 'x', PHARMACY)],
    { unity: WANTED.unity },
    ['unity Pharmacy json missing', 'unity Pharmacy pdf missing'],
  ],
  ['one timeline of the person', [row('r1', 'unity')], { timeline: WANTED.timeline }, ['timeline null json missing']],
  [
    'a unity of the person without any provider',
    [],
    { unity: ['json', 'pdf'] },
    ['unity null json missing', 'unity null pdf missing'],
  ],
])('a list lacks %s', (_what, listed, wanted, lacking) => {
  const absent = findAbsentReports(listed, wanted);
  const lines = absent.map(({ type, organization, format, reason }) => {
    return `${type} ${organization?.name ?? null} ${format} ${reason}`;
  });
  expect(lines).toEqual(lacking);
});
