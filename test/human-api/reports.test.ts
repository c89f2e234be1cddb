import { NotOffered, Unavailable, UnenvelopedFormat } from '../../src/upstream/errors';
import { bytesOf } from './conformance';
import { envelope } from './dialects';
import { page, text } from './faults';
import { failureOf, startClient } from './fixture';
import { json, REPORT_ID } from './recorded-upstream';

const LIST = 'GET /data/v1/human/medical/reports';

describe('a list of reports', () => {
  it('keeps every row with a usable id, whatever else it lacks', async () => {
    const { upstream, api } = await startClient();
    const rows = [
      null,
      { name: 'unity' },
      { id: '' },
      { id: 'x'.repeat(2_001) },
      { id: 12 },
      {
        id: 'r1',
        name: 'Unity',
        organization: { name: 'Université de Genève', href: 'https://h' },
        updatedAt: '2020-01-30T21:20:54.316Z',
      },
      { id: 'r2', name: 'ccdraw', organization: { id: 7 }, updatedAt: 1_580_000_000 },
      { id: 'r3', organization: {}, createdAt: '2020-01-01' },
    ];
    upstream.answer(LIST, json(200, rows));
    const nothing = { type: '', organization: null, updatedAt: null };
    expect(await api.listReports('POL-1')).toEqual([
      { ...nothing, id: '12' },
      {
        ...nothing,
        id: 'r1',
        type: 'Unity',
        organization: { id: null, name: 'Université de Genève' },
        updatedAt: '2020-01-30T21:20:54.316Z',
      },
      { ...nothing, id: 'r2', type: 'ccdraw', organization: { id: '7', name: null }, updatedAt: '1580000000' },
      { ...nothing, id: 'r3', updatedAt: '2020-01-01' },
    ]);
  });

  it('never causes a call to a link in it', async () => {
    const { upstream, api, humanId } = await startClient();
    const trap = await startClient();
    const link = `${trap.upstream.settings.dataUrl}/trap`;
    upstream.answer(
      LIST,
      json(200, [{ id: 'r1', uri: link, href: link, organization: { id: 'o1', href: link } }], {
        link,
        location: link,
      }),
    );
    upstream.answer(
      `GET /admin/api/v1/users/${humanId}`,
      json(200, { humanId, inviteLink: link, endpoint: link }, { location: link }),
    );
    upstream.answer(
      'POST /admin/api/v1/users',
      json(201, { humanId: 'h2', clientUserId: 'POL-2', inviteLink: link }, { location: link }),
    );
    await api.listReports('POL-1');
    await api.readStatus(humanId);
    await api.invite({ clientUserId: 'POL-2', clientUserEmail: 'eve@example.org' });
    expect(trap.upstream.received).toEqual([]);
  });
});

const RAW = `GET /data/v1/human/medical/reports/${REPORT_ID}/raw`;

it.each([
  ['400 in an envelope', json(400, envelope('statusCode', 400))],
  ['415 in an envelope', json(415, envelope('code', 415))],
])('a report without a format is answered with %s', async (_, answer) => {
  const { upstream, api } = await startClient();
  upstream.answer(RAW, answer);
  expect(await failureOf(api.openReport('POL-1', REPORT_ID, 'html'))).toBeInstanceOf(NotOffered);
});

it.each([
  ['400 with {"message":"Bad Request"}', json(400, { message: 'Bad Request' })],
  [
    '400 as frameworks answer by default',
    json(400, { statusCode: 400, error: 'Bad Request', message: 'Header too large' }),
  ],
  ['400 with no body', text(400, '')],
  ['415 with no body', text(415, '')],
  ['400 with a page', page(400)],
])("a gateway's %s to raw?format=pdf does not decide about the format", async (_, answer) => {
  const { upstream, api } = await startClient();
  upstream.answer(RAW, answer);
  expect(await failureOf(api.openReport('POL-1', REPORT_ID, 'pdf'))).toBeInstanceOf(UnenvelopedFormat);
  expect(await bytesOf(await api.openReport('POL-1', REPORT_ID, 'pdf'))).toHaveLength(23);
});

test('dates of any length stay different if only their ends differ', async () => {
  const { upstream, api } = await startClient();
  const row = (end: string) => ({ id: 'r1', name: 'unity', updatedAt: `${'x'.repeat(9_000)}${end}` });
  upstream.answer(LIST, json(200, [row('1'), row('2')]));
  const dates = (await api.listReports('POL-1')).map(({ updatedAt }) => updatedAt);
  expect(new Set(dates).size).toBe(2);
});

describe('a list of any length', () => {
  const row = (id: number, more = {}) => ({
    id: `r${id}`,
    name: 'unity',
    updatedAt: '2020-01-30T21:20:54.316Z',
    ...more,
  });

  it('may be larger than 5 MiB, and have rows with texts of any length', async () => {
    const { upstream, api } = await startClient();
    const long = 'x'.repeat(1_048_576);
    const rows = Array.from({ length: 20_000 }, (_, index) => row(index, { note: 'x'.repeat(200) }));
    const odd = [row(20_000, { name: long, organization: { id: long, name: long } }), { ...row(0), id: long }];
    upstream.answer(LIST, json(200, [...odd, ...rows]));
    const listed = await api.listReports('POL-1');
    expect(listed).toHaveLength(20_001);
    expect(new Set(listed.map(({ id }) => id)).size).toBe(20_001);
  });

  it.each([
    ['has NaN', '{"id":NaN,"size":-Infinity}'],
    ['is null', 'null'],
    ['has no id', '{"name":"unity"}'],
    ['has an invalid text', '{"id":"r2","name":"uni\ty"}'],
    ['nests too deep', '['.repeat(5_000) + ']'.repeat(5_000)],
  ])('keeps the other rows if one %s', async (_, bad) => {
    const { upstream, api } = await startClient();
    upstream.answer(LIST, text(200, `[${JSON.stringify(row(1))},${bad},${JSON.stringify(row(3, { note: 'a [ b' }))}]`));
    expect((await api.listReports('POL-1')).map(({ id }) => id)).toEqual(['r1', 'r3']);
  });

  it('whose rows all lack an id is unavailable, not empty', async () => {
    const { upstream, api } = await startClient();
    for (const body of ['[null]', '[{"message":"OK"}]', '[NaN]']) {
      upstream.answer(LIST, text(200, body));
      expect(await failureOf(api.listReports('POL-1'))).toBeInstanceOf(Unavailable);
    }
  });
});

it('a report that is read slowly is not buffered', async () => {
  const { upstream, api, humanId } = await startClient();
  const mebibytes = 64;
  let sent = 0;
  upstream.answer(RAW, (response) => {
    const chunk = Buffer.alloc(1_024 * 1_024);
    const pump = (): unknown => {
      if (sent === mebibytes) return response.end();
      sent += 1;
      return response.write(chunk, pump);
    };
    response.writeHead(200, { 'content-type': 'application/pdf' });
    pump();
  });
  const body = await api.openReport('POL-1', REPORT_ID, 'pdf');
  // Other calls give the report time to arrive.
  for (let call = 0; call < 100; call++) await api.readStatus(humanId);
  expect(sent).toBeLessThan(mebibytes / 2);
  expect(await bytesOf(body)).toHaveLength(mebibytes * 1_024 * 1_024);
});
