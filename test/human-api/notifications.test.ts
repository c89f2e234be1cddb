import type { Notice } from '../../src/domain/notices';
import { parseNotices } from '../../src/human-api/notifications';
import { noticeRequestId, type ParsedNotice } from '../../src/upstream/notices';
import { fc } from '../support/property';

const HUMAN_ID = '0a3f6d1c9b8e4f70a1b2c3d4e5f60718';

const STATUS = {
  clientUserId: 'POL-20417',
  endpoint: 'https://admin.humanapi.co/api/v1/users',
  humanId: HUMAN_ID,
  updatedAt: '2020-01-30T21:20:54.316Z',
  property: 'status',
  value: 'Declined',
};

const REPORT = {
  type: 'unity',
  endpoint: 'https://api.humanapi.co/v1/human/medical/reports',
  objectId: '5e9f0c3b1d2a4f6788990a01',
  updatedAt: '2020-01-30T21:20:54.316Z',
  humanId: HUMAN_ID,
  action: 'created',
};

const requestId = expect.stringMatching(/^[0-9a-f]{32}$/);

const STATUS_NOTICE: Notice = {
  kind: 'status',
  clientUserId: 'POL-20417',
  humanId: HUMAN_ID,
  status: 'Declined',
  updatedAt: STATUS.updatedAt,
  requestId,
};

const REPORT_NOTICE: Notice = {
  kind: 'report',
  humanId: HUMAN_ID,
  reportId: '5e9f0c3b1d2a4f6788990a01',
  type: 'unity',
  updatedAt: REPORT.updatedAt,
  requestId,
};

const JUNK = { kind: 'other', reason: 'junk' };
const UNKNOWN_KIND = { kind: 'other', reason: 'unknown-kind' };
const INVALID_ID = { kind: 'other', reason: 'invalid-id' };

/** The notices of a valid body. */
function noticesOf(body: unknown): ParsedNotice[] {
  const parsed = parseNotices(Buffer.from(JSON.stringify(body)));
  if (!parsed.ok) throw new Error('expected a valid body');
  return parsed.notices;
}

function idOf(notice: ParsedNotice | undefined): string {
  if (notice === undefined || notice.kind === 'other') throw new Error('expected a notice');
  return noticeRequestId(notice);
}

describe('an invalid body', () => {
  it.each(['', '   ', 'hello', '{', '"text"', '7', 'null', 'true', '[]', '['.repeat(1_048_576), '\u0000'])(
    'has no notices (%#)',
    (body) => {
      expect(parseNotices(Buffer.from(body))).toEqual({ ok: false, expected: expect.stringContaining('JSON object') });
    },
  );

  it('an empty object is one notice of an unknown kind', () => {
    expect(noticesOf({})).toEqual([UNKNOWN_KIND]);
  });

  it('the deepest nesting that fits is one junk element', () => {
    const deep = '['.repeat(524_288) + ']'.repeat(524_288);
    expect(parseNotices(Buffer.from(deep))).toEqual({ ok: true, notices: [JUNK] });
  });
});

describe('a status notice', () => {
  it('is recognized alone or in an array, with a byte order mark or unknown fields', () => {
    expect(noticesOf(STATUS)).toEqual([STATUS_NOTICE]);
    expect(noticesOf([{ ...STATUS, property: 'Status', more: [1] }])).toEqual([STATUS_NOTICE]);
    expect(parseNotices(Buffer.from(`\ufeff${JSON.stringify(STATUS)}`))).toEqual({
      ok: true,
      notices: [STATUS_NOTICE],
    });
  });

  it('may have an unknown value and no date', () => {
    expect(noticesOf({ ...STATUS, value: 'Paused', updatedAt: {} })).toEqual([
      { ...STATUS_NOTICE, status: 'Paused', updatedAt: null },
    ]);
  });

  it.each([
    { clientUserId: 'max@example.org' },
    { clientUserId: '../POL' },
    { clientUserId: '' },
    { clientUserId: 'x'.repeat(101) },
    { clientUserId: null },
    { clientUserId: 7.5 },
    { clientUserId: 1e21 },
    { clientUserId: true },
    { humanId: 'a b' },
    { humanId: 'x'.repeat(101) },
    { humanId: undefined },
  ])('with the ids %j is invalid', (ids) => {
    expect(noticesOf({ ...STATUS, ...ids })).toEqual([INVALID_ID]);
  });

  it.each([undefined, null, 7, '', '  ', 'x'.repeat(101), {}])('with the value %j is junk', (value) => {
    expect(noticesOf({ ...STATUS, value })).toEqual([JUNK]);
  });
});

describe('a report notice', () => {
  it.each([
    'https://api.humanapi.co/v1/human/medical/reports',
    'https://api.humanapi.co/v1/human/medical/reports/',
    'https://api.humanapi.co/v1/human/medical/reports?since=1#x',
    'http://127.0.0.1:3002/data/v1/human/medical/reports',
    '/v1/human/medical/reports',
    ' HTTPS://Hooks.Example:8443//V1/Human/Medical/Reports// ',
  ])('is recognized by the path of %s', (endpoint) => {
    expect(noticesOf({ ...REPORT, endpoint })).toEqual([REPORT_NOTICE]);
  });

  it.each([
    'https://api.humanapi.co/v1/human/medical/reports/r1/raw',
    'https://api.humanapi.co/v1/human/medical/medications',
    'https://api.humanapi.co/v1?next=/human/medical/reports',
    'https://api.humanapi.co/v1/inhuman/medical/reports',
    `${'/'.repeat(1_000_000)}human/medical/reports`,
    '',
    7,
    null,
  ])('is not recognized by another endpoint (%#)', (endpoint) => {
    expect(noticesOf({ ...REPORT, endpoint })).toEqual([UNKNOWN_KIND]);
  });

  it('may lack type and date, and have a numeric id', () => {
    const { humanId, endpoint } = REPORT;
    expect(noticesOf({ humanId, endpoint, objectId: 12 })).toEqual([
      { kind: 'report', humanId, reportId: '12', type: null, updatedAt: null, requestId },
    ]);
  });

  it.each([
    { objectId: '' },
    { objectId: '..' },
    { objectId: 'x'.repeat(2_001) },
    { objectId: {} },
    { humanId: 'a/b' },
    { humanId: 7.5 },
  ])('with the ids %j is invalid', (ids) => expect(noticesOf({ ...REPORT, ...ids })).toEqual([INVALID_ID]));
});

it('notices of the orders generation and of other data are of an unknown kind', () => {
  const order = { ...STATUS, action: 'status', topic: 'order', property: 'orderState', value: 'Completed' };
  const summary = { eventType: 'orders.OrderSummaryUpdated', humanId: HUMAN_ID, eventPayload: { reports: [] } };
  const data = { ...REPORT, type: 'blood_pressure', endpoint: 'https://api.humanapi.co/v1/human/blood_pressure' };
  expect(noticesOf([order, summary, data])).toEqual([UNKNOWN_KIND, UNKNOWN_KIND, UNKNOWN_KIND]);
});

it('an invalid element never affects the others', () => {
  const junk = fc.constantFrom(
    null,
    7,
    'text',
    [],
    [[STATUS]],
    {},
    { ...STATUS, value: null },
    { ...REPORT, humanId: '/' },
  );
  fc.assert(
    fc.property(fc.array(junk), fc.array(junk), (before, after) => {
      const notices = noticesOf([...before, STATUS, ...after, REPORT]);
      expect(notices).toHaveLength(before.length + after.length + 2);
      expect(notices[before.length]).toEqual(STATUS_NOTICE);
      expect(notices.at(-1)).toEqual(REPORT_NOTICE);
    }),
  );
});

it('never throws, and every notice has valid ids', () => {
  const nearly = fc.record(
    {
      property: fc.constantFrom('status', 'STATUS', 'orderState', 1),
      endpoint: fc.oneof(fc.constant(REPORT.endpoint), fc.webUrl(), fc.jsonValue()),
      clientUserId: fc.oneof(fc.string(), fc.constant('POL-1'), fc.jsonValue()),
      humanId: fc.oneof(fc.string(), fc.constant(HUMAN_ID), fc.jsonValue()),
      objectId: fc.oneof(fc.string(), fc.double(), fc.jsonValue()),
      value: fc.oneof(fc.string(), fc.jsonValue()),
      updatedAt: fc.oneof(fc.string(), fc.jsonValue()),
    },
    { requiredKeys: [] },
  );
  const anyJson = fc.oneof(fc.jsonValue(), nearly, fc.array(nearly)).map((value) => Buffer.from(JSON.stringify(value)));
  const anyBytes = fc.uint8Array().map((bytes) => Buffer.from(bytes));
  fc.assert(
    fc.property(fc.oneof(anyJson, anyBytes), (body) => {
      const parsed = parseNotices(body);
      for (const notice of parsed.ok ? parsed.notices : []) {
        if (notice.kind === 'other') continue;
        expect(noticeRequestId(notice)).toMatch(/^[0-9a-f]{32}$/);
        expect(notice.humanId).toMatch(/^[A-Za-z0-9._~-]{1,100}$/);
        if (notice.kind === 'status') expect(notice.clientUserId).toMatch(/^[A-Za-z0-9][A-Za-z0-9._~-]{0,99}$/);
      }
    }),
    { numRuns: 1_000 },
  );
});

describe('the request id of a notice', () => {
  it('is the same for a repeat, whatever the order of the fields', () => {
    const shuffled = Object.fromEntries(Object.entries(STATUS).reverse());
    const [one, other] = noticesOf([STATUS, shuffled]);
    expect(idOf(one)).toBe(idOf(other));
  });

  it('differs with every field of a notice', () => {
    const changed = [
      STATUS,
      { ...STATUS, value: 'Error' },
      { ...STATUS, clientUserId: 'POL-2' },
      { ...STATUS, humanId: 'h2' },
      { ...STATUS, updatedAt: '2021-01-30T21:20:54.316Z' },
      REPORT,
      { ...REPORT, objectId: 'r2' },
      { ...REPORT, type: 'ccdraw' },
      { ...REPORT, updatedAt: '2021-01-30T21:20:54.316Z' },
      { ...REPORT, action: 'updated' },
      { ...REPORT, action: undefined },
      ...['yesterday', 'today', 1_580_418_054_316, 1_580_418_054_317, 'x'.repeat(41), 'y'.repeat(41), null].flatMap(
        (updatedAt) => [
          { ...STATUS, updatedAt },
          { ...REPORT, updatedAt },
        ],
      ),
    ];
    const ids = noticesOf(changed).map(idOf);
    expect(new Set(ids).size).toBe(changed.length);
  });

  describe('without a readable date', () => {
    const AT_MS = Date.UTC(2026, 0, 1, 10, 30);
    const MINUTE_MS = 60_000;
    const idAt = (nowMs: number, updatedAt: unknown) => {
      const parsed = parseNotices(Buffer.from(JSON.stringify({ ...REPORT, updatedAt })), nowMs);
      const [notice] = parsed.ok ? parsed.notices : [];
      return idOf(notice);
    };

    it.each([undefined, null, 'soon', {}])('(%j) is the same for a repeat, and differs for a later notice', (date) => {
      expect(idAt(AT_MS + 5 * MINUTE_MS, date)).toBe(idAt(AT_MS, date));
      expect(idAt(AT_MS + 10 * MINUTE_MS, date)).not.toBe(idAt(AT_MS, date));
    });

    it('with a date, does not depend on the time of arrival', () => {
      expect(idAt(AT_MS + 24 * 60 * MINUTE_MS, REPORT.updatedAt)).toBe(idAt(AT_MS, REPORT.updatedAt));
    });

    it('accepts the deepest nesting instead of a date', () => {
      const deep = `${'['.repeat(400_000)}${']'.repeat(400_000)}`;
      const body = JSON.stringify(REPORT).replace(`"${REPORT.updatedAt}"`, deep);
      expect(parseNotices(Buffer.from(body))).toMatchObject({
        ok: true,
        notices: [{ kind: 'report', updatedAt: null }],
      });
    });
  });
});
