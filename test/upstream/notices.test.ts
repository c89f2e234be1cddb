import type { Notice } from '../../src/domain/notices';
import { parseNotices } from '../../src/human-api/notifications';
import { noticeRequestId, parseStoredNotices, serializeNotices } from '../../src/upstream/notices';

function setup(): Notice[] {
  const humanId = '0123456789abcdef0123456789abcdef';
  const parsed = parseNotices(
    Buffer.from(
      JSON.stringify([
        {
          clientUserId: 'POL-1',
          humanId,
          property: 'status',
          value: 'Declined',
          updatedAt: '2026-01-01T00:00:00.000Z',
        },
        {
          endpoint: 'https://h/v1/human/medical/reports',
          humanId,
          objectId: 7,
          type: 'unity',
          updatedAt: 1_769_808_054_316,
        },
      ]),
    ),
  );
  if (!parsed.ok) throw new Error('expected notices');
  return parsed.notices.filter((notice) => notice.kind !== 'other');
}

test('a notice that was stored is the same notice, under the same request id', () => {
  const notices = setup();
  expect(notices).toHaveLength(2);
  const read = parseStoredNotices(Buffer.from(serializeNotices(notices)));
  expect(read).toEqual(notices);
  expect(read?.map(noticeRequestId)).toEqual(notices.map(noticeRequestId));
});

test('one that 0.1.0 stored keeps the request id that 0.1.0 gave it', () => {
  const stored =
    '{"kind":"report","humanId":"0123456789abcdef0123456789abcdef","reportId":"7","type":"unity","updatedAt":null}';
  const [notice] = parseStoredNotices(Buffer.from(stored)) ?? [];
  expect(notice && noticeRequestId(notice)).toBe('d44d10c3c8e46d1961858216b5d73861');
  const [forged] = parseStoredNotices(Buffer.from(stored.replace('{', '{"requestId":"not ours",'))) ?? [];
  expect(forged).toEqual(notice);
});

test('one alone is read too', () => {
  const [notice] = setup();
  expect(parseStoredNotices(Buffer.from(JSON.stringify(notice)))).toEqual([notice]);
});

test.each([
  ['no JSON', 'garbage'],
  ['another shape', '{"records":[]}'],
  [
    'an id that is none',
    '[{"kind":"status","clientUserId":"../x","humanId":"h","status":"Declined","updatedAt":null}]',
  ],
  ['a kind that says nothing', '[{"kind":"other","reason":"junk","humanId":"h"}]'],
  ['one of several that is none', '[{"kind":"report","humanId":"h","reportId":"r"},{"kind":"report","humanId":"h"}]'],
])('%s is no stored notice', (_what, text) => {
  expect(parseStoredNotices(Buffer.from(text))).toBeNull();
});
