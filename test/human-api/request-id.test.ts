import { Unavailable } from '../../src/upstream/errors';
import { bytesOf } from './conformance';
import { envelope } from './dialects';
import { page } from './faults';
import { everyCall, failureOf, startClient } from './fixture';
import { json, REPORT_ID } from './recorded-upstream';

const ID = '1f0c3b1d-2a4f-4788-990a-010203040506';
const IN_BODY = 'b3b7c1de-0000-4000-8000-000000000001';

describe('the request id of Human API', () => {
  it.each([
    ['in the header of a page', page(502, { 'x-humanapi-request-id': ID }), ID],
    ['in the header of a 200 with a page', page(200, { 'X-HumanAPI-Request-Id': ID }), ID],
    ['in the body of an error', json(500, envelope('code', 500)), IN_BODY],
    ['in the body of an error with 200', json(200, envelope('statusCode', 200)), IN_BODY],
    [
      'in the body rather than in the header',
      json(503, envelope('code', 503), { 'x-humanapi-request-id': ID }),
      IN_BODY,
    ],
    ['in the body of a 429', json(429, envelope('code', 429)), IN_BODY],
  ])('%s is in the message of every failure', async (_, answer, id) => {
    const { upstream, api, humanId } = await startClient();
    for (const [call, make] of Object.entries(everyCall(api, humanId))) {
      if (call.endsWith('/raw')) continue;
      upstream.answer(call, answer);
      const error = await failureOf(make());
      expect([call, error.call.requestId]).toEqual([call, id]);
      expect([call, error.message]).toEqual([call, `${error.summary} (request ${id})`]);
    }
  });

  it('is in the failure of a report that exceeds the size limit, and never malformed', async () => {
    const { upstream, api, humanId } = await startClient({ maxReportBytes: 3 });
    const raw = `GET /data/v1/human/medical/reports/${REPORT_ID}/raw`;
    upstream.answer(raw, json(200, { made: 'up' }, { 'x-humanapi-request-id': ID }));
    const error = await failureOf(bytesOf(await api.openReport('POL-1', REPORT_ID, 'json')));
    expect(error.message).toContain(`(request ${ID})`);
    const call = `GET /admin/api/v1/users/${humanId}`;
    for (const id of ['mallory@example.org', '1990-01-01', `${ID}0`]) {
      upstream.answer(
        call,
        json(500, { ...envelope('code', 500), 'x-humanapi-request-id': id }, { 'x-humanapi-request-id': id }),
      );
      const failure = await failureOf(api.readStatus(humanId));
      expect(failure).toBeInstanceOf(Unavailable);
      expect(failure.call.requestId).toBeNull();
    }
  });
});
