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
import { storedDocument } from '../support/stored';

const CLINIC = { id: 'o1', name: 'Clinic' };
const PHARMACY = { id: 'o2', name: 'Pharmacy' };

const row = (id: string, type: string, organization: ListedReport['organization'] = CLINIC): ListedReport => {
  return { id, type, organization, updatedAt: '2026-01-02T00:00:00Z' };
};
const stored = (reportId: string, updatedAt: string | null, seenAt: string | null = null) =>
  storedDocument({ file: `${reportId}.${updatedAt}.pdf`, organization: CLINIC, reportId, updatedAt, seenAt });

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

  const [OLD, NEW] = ['2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'];

  test.each<[boolean, string, StoredDocument, string | null, Format]>([
    [true, 'its version', stored('r1', '2026-01-02T00:00:00'), NEW, 'pdf'],
    [true, 'the same bytes', stored('r1', OLD, NEW), NEW, 'pdf'],
    [false, 'an older version', stored('r1', OLD), NEW, 'pdf'],
    [false, 'another report', stored('r2', NEW), NEW, 'pdf'],
    [false, 'another format', stored('r1', NEW), NEW, 'json'],
    [false, 'a version with a date', stored('r1', NEW), null, 'pdf'],
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
const UNITY_ONLY = { unity: WANTED.unity };
const UNITY = row('r1', 'unity');
const CCDRAW = row('r2', 'ccdraw');
const TIMELINE = row('r9', 'timeline', null);
const named = (name: string) => row('r3', 'unity', { id: null, name });
const NO_UNITY = ['unity Pharmacy json missing', 'unity Pharmacy pdf missing'];

test.each<[string, ListedReport[], Partial<typeof WANTED>, string[]]>([
  ['nothing if each provider has both, and the person the rest', [UNITY, CCDRAW, TIMELINE], WANTED, []],
  ['a unity, per provider and format', [UNITY, CCDRAW, row('r3', 'ccdraw', PHARMACY), TIMELINE], WANTED, NO_UNITY],
  [
    'a ccdraw, which may still come and which a pharmacy never has',
    [row('r1', 'unity', PHARMACY), TIMELINE],
    WANTED,
    ['ccdraw Pharmacy pdf not-listed'],
  ],
  ['nothing if each provider by name has its unity', [named('Clinic'), named('Other')], UNITY_ONLY, []],
  ['the unity of a second provider by name', [named('Clinic'), row('r2', 'x', PHARMACY)], UNITY_ONLY, NO_UNITY],
  ['one timeline of the person', [UNITY], { timeline: WANTED.timeline }, ['timeline null json missing']],
  ['a unity of the person without any provider', [], UNITY_ONLY, ['unity null json missing', 'unity null pdf missing']],
])('a list lacks %s', (_what, listed, wanted, lacking) => {
  const lines = findAbsentReports(listed, wanted).map(({ type, organization, format, reason }) => {
    return `${type} ${organization?.name ?? null} ${format} ${reason}`;
  });
  expect(lines).toEqual(lacking);
});
