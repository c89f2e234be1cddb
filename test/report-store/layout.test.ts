import {
  documentFile,
  folderName,
  isDocumentFile,
  organizationFolder,
  withoutDigest,
} from '../../src/report-store/layout';
import { fc } from '../support/property';
import { sha256 } from '../support/stored';

function setup(
  change: { id?: string; type?: string; organization?: { id: string | null; name: string | null } | null } = {},
) {
  const report = { id: 'r1', type: 'unity', organization: null, updatedAt: '2026-03-01T10:00:00.123Z', ...change };
  return documentFile(report, 'pdf');
}

describe('the path of a document', () => {
  it('has type, organization, report, version and format', () => {
    const organization = { id: '5b1d', name: 'Starfleet Medical' };
    expect(setup({ type: 'Unity', organization })).toBe(
      `unity/starfleet-medical-${sha256('5b1d').slice(0, 6)}/r1.20260301T100000123Z.pdf`,
    );
    expect(setup({ type: 'timeline' })).toBe('timeline/person/r1.20260301T100000123Z.pdf');
  });

  it.each([
    ['5b1daf3f079c652eaf41fd23'],
    ['0b7a1c52-9d0e-4a53-8a5e-0c1f6f1f2a11'],
    ['5b1daf3f079c652eaf41fd23-abcdef-5b1daf3f079c652eaf41fd23'],
    ['A~b_c.d'],
  ])('keeps the report id %s', (id) => {
    expect(setup({ id })).toBe(`unity/person/${id}.20260301T100000123Z.pdf`);
  });

  it.each([
    ...['..', '.', '', '../../etc/passwd', '/etc/passwd', 'a/b', 'a\\b', 'a\0b', '.hidden', 'a b', 'é', 'r1\n'],
    ...['x'.repeat(101)],
  ])('has a digest instead of the report id %j', (id) => {
    expect(setup({ id })).toBe(`unity/person/${sha256(id).slice(0, 32)}.20260301T100000123Z.pdf`);
  });

  it.each([['..'], ['../x'], [''], ['a.b'], ['x'.repeat(81)], ['\u212A']])(
    'has a digest instead of the type %j',
    (type) => {
      expect(setup({ type })).toBe(`${sha256(type.toLowerCase()).slice(0, 32)}/person/r1.20260301T100000123Z.pdf`);
    },
  );

  it.each(['2026-03-01T10:00:00.123Z', null, 'odd'])(
    'has 8 digits of the sha256 for other bytes of the version %j',
    (updatedAt) => {
      const report = { id: 'r1-0a1b2c3d', type: 'unity', organization: null, updatedAt };
      const [first, second] = [documentFile(report, 'pdf'), documentFile(report, 'pdf', sha256('bytes'))];
      expect(second).toBe(first.replace(/\.pdf$/, `-${sha256('bytes').slice(0, 8)}.pdf`));
      expect([withoutDigest(second), withoutDigest(first), isDocumentFile(second)]).toEqual([first, first, true]);
    },
  );

  it('never has an invalid clientUserId as its folder', () => {
    for (const id of ['..', '.incoming', 'a/b', '', 'x'.repeat(101)])
      expect(() => folderName(id)).toThrow('clientUserId');
    expect(folderName('POL-1')).toBe('POL-1');
  });
});

describe('the folder of an organization', () => {
  it.each([
    ['Université de Genève', 'universite-de-geneve'],
    ['  St. Mary\u2019s (North)  ', 'st-mary-s-north'],
    ['ﬁrst №1', 'first-no1'],
    ['İstanbul', 'istanbul'],
    ['../../etc', 'etc'],
    ['病院', 'provider'],
    ['---', 'provider'],
    ['', 'provider'],
    ['a'.repeat(70), 'a'.repeat(60)],
    [`${'a'.repeat(59)} bcd`, 'a'.repeat(59)],
  ])('named %j begins with %s', (name, slug) => {
    expect(organizationFolder({ id: 'org', name })).toBe(`${slug}-${sha256('org').slice(0, 6)}`);
  });

  it('is distinguished by the id, without one by the name', () => {
    expect(organizationFolder({ id: null, name: 'Clinic' })).toBe(`clinic-${sha256('Clinic').slice(0, 6)}`);
    expect(organizationFolder({ id: null, name: null })).toBe(`provider-${sha256('').slice(0, 6)}`);
    expect(organizationFolder({ id: '1', name: 'Clinic' })).not.toBe(organizationFolder({ id: '2', name: 'Clinic' }));
  });

  it('is short, plain and stable for any id and name', () => {
    const text = fc.option(fc.string({ unit: 'binary', maxLength: 120 }), { nil: null });
    fc.assert(
      fc.property(text, text, (id, name) => {
        const folder = organizationFolder({ id, name });
        expect(folder).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*-[0-9a-f]{6}$/);
        expect(folder.length).toBeLessThanOrEqual(67);
        expect(organizationFolder({ id, name: name?.normalize('NFD') ?? null }).slice(0, -6)).toBe(folder.slice(0, -6));
      }),
    );
  });

  it('contains no path of upstream', () => {
    const nasty = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 130 }),
      fc.constantFrom('..', '.', '../..', 'a/../..', 'C:\\x'),
    );
    fc.assert(
      fc.property(nasty, nasty, nasty, (id, type, name) => {
        const file = setup({ id, type, organization: { id, name } });
        expect(file).toMatch(
          /^[a-z0-9_-]{1,80}\/[a-z0-9-]{1,70}\/[A-Za-z0-9][A-Za-z0-9._~-]{0,99}\.\d{8}T\d{9}Z\.pdf$/,
        );
        expect(withoutDigest(file)).toBe(file);
      }),
    );
  });
});
