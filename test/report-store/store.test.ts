import { openReportStore, parseReportStore } from '../../src/report-store/store';

describe('REPORT_STORE', () => {
  it.each([
    ['./reports', { kind: 'folder', path: './reports' }],
    [' /var/lib/chartway ', { kind: 'folder', path: '/var/lib/chartway' }],
    ['s3://records/chartway/prod/', { kind: 's3', bucket: 'records', prefix: 'chartway/prod' }],
    ['s3://records', { kind: 's3', bucket: 'records', prefix: '' }],
  ])('accepts %j', (text, target) => {
    expect(parseReportStore(text)).toEqual({ ok: true, target });
  });

  it.each([
    ...['', '  ', 's3://', 's3:///prefix', 's3://Bad_Bucket/x', 's3://ab'],
    ...['https://records.example.org', 'file:///reports', 'a\0b'],
  ])('rejects %j with what was expected', (text) => {
    expect(parseReportStore(text)).toEqual({
      ok: false,
      expected: expect.stringContaining('./reports, or s3://bucket/prefix'),
    });
  });

  it('opens a folder; S3 is not available yet', () => {
    expect(openReportStore({ kind: 'folder', path: './reports' }).save).toBeInstanceOf(Function);
    expect(() => openReportStore({ kind: 's3', bucket: 'records', prefix: '' })).toThrow(
      /expected the path of a folder.*does not support s3/s,
    );
  });
});
