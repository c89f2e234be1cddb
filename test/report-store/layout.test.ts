import { createHash } from 'node:crypto';
import { applicantFolder, documentFile, organizationFolder } from '../../src/report-store/layout';
import { fc } from '../support/property';

function setup(
  change: { id?: string; type?: string; organization?: { id: string | null; name: string | null } | null } = {},
) {
  const report = { id: 'r1', type: 'unity', organization: null, updatedAt: '2026-03-01T10:00:00.123Z', ...change };
  return documentFile(report, 'pdf');
}

const hex = (text: string) => createHash('sha256').update(text).digest('hex');

describe('where a document lies', () => {
  it('is told by type, organization, report, version and format', () => {
    const organization = { id: '5b1d', name: 'Starfleet Medical' };
    expect(setup({ type: 'Unity', organization })).toBe(
      `unity/starfleet-medical-${hex('5b1d').slice(0, 6)}/r1.20260301T100000123Z.pdf`,
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
    ['..'],
    ['.'],
    [''],
    ['../../etc/passwd'],
    ['/etc/passwd'],
    ['a/b'],
    ['a\\b'],
    ['a\0b'],
    ['.hidden'],
    ['a b'],
    ['é'],
    ['x'.repeat(101)],
    ['r1\n'],
  ])('never shows the report id %j', (id) => {
    expect(setup({ id })).toBe(`unity/person/${hex(id).slice(0, 32)}.20260301T100000123Z.pdf`);
  });

  it.each([['..'], ['../x'], [''], ['a.b'], ['x'.repeat(81)], ['\u212A']])('never shows the type %j', (type) => {
    expect(setup({ type })).toBe(`${hex(type.toLowerCase()).slice(0, 32)}/person/r1.20260301T100000123Z.pdf`);
  });

  it('refuses a clientUserId outside its alphabet as a folder', () => {
    for (const id of ['..', '.incoming', 'a/b', '', 'x'.repeat(101)])
      expect(() => applicantFolder(id)).toThrow('clientUserId');
    expect(applicantFolder('POL-1')).toBe('POL-1');
  });
});

describe('an organization as a folder', () => {
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
  ])('of the name %j begins with %s', (name, slug) => {
    expect(organizationFolder({ id: 'org', name })).toBe(`${slug}-${hex('org').slice(0, 6)}`);
  });

  it('is told apart by the id, by the name where there is none, and has a place without either', () => {
    expect(organizationFolder({ id: null, name: 'Clinic' })).toBe(`clinic-${hex('Clinic').slice(0, 6)}`);
    expect(organizationFolder({ id: null, name: null })).toBe(`provider-${hex('').slice(0, 6)}`);
    expect(organizationFolder({ id: '1', name: 'Clinic' })).not.toBe(organizationFolder({ id: '2', name: 'Clinic' }));
  });

  it('is a plain short name, and the same for the same organization, whatever upstream sends', () => {
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

  it('leaves no path part to upstream', () => {
    const nasty = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 130 }),
      fc.constantFrom('..', '.', '../..', 'a/../..', 'C:\\x'),
    );
    fc.assert(
      fc.property(nasty, nasty, nasty, (id, type, name) => {
        const parts = setup({ id, type, organization: { id, name } }).split('/');
        expect(parts).toHaveLength(3);
        for (const part of parts) expect(part).toMatch(/^[A-Za-z0-9_-][A-Za-z0-9._~-]*$/);
      }),
    );
  });
});
