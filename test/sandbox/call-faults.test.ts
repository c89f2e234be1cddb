import { connect } from 'node:net';
import { startSandbox } from './fixture';

const USERS = '/admin/api/v1/users';
const MINUTE_MS = 60_000;

/** A sandbox with one fault, and the calls that it may hit. A call that breaks is told by what broke. */
async function setup(...faults: object[]) {
  const started = await startSandbox({ scenario: { seed: 'a', faults } });
  const token = await started.clientToken();
  const person = { clientUserId: 'POL-1', clientUserEmail: 'eager@example.org', autoInvite: true };
  const tried = (call: ReturnType<typeof started.call>) =>
    call.catch((error: unknown) => {
      const { cause } = error as { cause?: { code?: string } };
      return { status: cause?.code ?? String(error), headers: new Headers(), bytes: Buffer.alloc(0), body: null };
    });
  return {
    ...started,
    token,
    create: () => tried(started.call('POST', USERS, { token, json: person })),
    lookUp: () => tried(started.call('GET', `${USERS}?clientUserId=POL-1`, { token })),
    get: (path: string, bearer: string) => tried(started.call('GET', path, { token: bearer })),
  };
}

/** One that has a report to download. */
async function withReport(fault: object) {
  const started = await setup({ on: 'download', ...fault });
  await started.create();
  started.clock.advance(60 * MINUTE_MS);
  const access = await started.accessToken('POL-1');
  const { body } = await started.get('/data/v1/human/medical/reports', access);
  const [report] = body as { id: string }[];
  const download = (format: string) =>
    started.get(`/data/v1/human/medical/reports/${report?.id}/raw?format=${format}`, access);
  return { ...started, download };
}

const broken = expect.stringMatching(/ECONNRESET|UND_ERR_SOCKET/);

describe('a call that goes wrong', () => {
  it('commits and then drops: the person is invited, and nobody told', async () => {
    const { create, lookUp } = await setup({ on: 'create', fault: 'commit-then-drop', times: 1 });
    expect((await create()).status).toEqual(broken);
    expect((await lookUp()).body).toMatchObject([{ clientUserId: 'POL-1' }]);
    expect((await create()).status).toBe(409);
  });

  it('is reset before anything is done', async () => {
    const { create, lookUp } = await setup({ on: 'create', fault: 'reset', times: 1 });
    expect((await create()).status).toEqual(broken);
    expect((await lookUp()).body).toEqual([]);
    expect((await create()).status).toBe(202);
  });

  it.each([500, 503])('is answered with %d instead of being done, or afterwards', async (status) => {
    const { create, lookUp } = await setup(
      { on: 'create', fault: 'status', status, calls: [1] },
      { on: 'create', fault: 'status', status, calls: [2], committed: true },
    );
    const envelope = expect.objectContaining({ code: status, 'x-humanapi-request-id': expect.any(String) });
    const first = await create();
    expect([first.status, first.body]).toEqual([status, envelope]);
    expect((await lookUp()).body).toEqual([]);
    const second = await create();
    expect([second.status, second.body]).toEqual([status, envelope]);
    expect((await lookUp()).body).toHaveLength(1);
  });

  it('is told to slow down: with nothing, with seconds, with a date', async () => {
    const { lookUp, clock } = await setup(
      { on: 'look-up', fault: 'rate-limit', calls: [1] },
      { on: 'look-up', fault: 'rate-limit', calls: [2], retryAfter: '1500ms' },
      { on: 'look-up', fault: 'rate-limit', calls: [3], retryAfter: '90s', retryAfterAs: 'date' },
    );
    const answers = [await lookUp(), await lookUp(), await lookUp(), await lookUp()];
    expect(answers.map(({ status }) => status)).toEqual([429, 429, 429, 200]);
    expect(answers.map(({ headers }) => headers.get('retry-after'))).toEqual([
      null,
      '2',
      new Date(clock.nowMs() + 90_000).toUTCString(),
      null,
    ]);
  });

  it('finds its token no longer good', async () => {
    const { lookUp } = await setup({ on: 'any', fault: 'unauthorized', times: 1, clientUserId: 'POL-*' });
    expect((await lookUp()).status).toBe(401);
    expect((await lookUp()).status).toBe(200);
  });

  it('is answered by a proxy with a page', async () => {
    const { lookUp } = await setup(
      { on: 'look-up', fault: 'proxy-html', calls: [1] },
      { on: 'look-up', fault: 'proxy-html', status: 200, calls: [2] },
    );
    for (const status of [502, 200]) {
      const answer = await lookUp();
      expect([answer.status, answer.headers.get('content-type')]).toEqual([status, 'text/html']);
      expect(answer.bytes.toString()).toContain('<!doctype html>');
    }
  });

  it('is answered by a gateway, in none of the forms of upstream and without a request id', async () => {
    const { create, lookUp } = await setup(
      { on: 'create', fault: 'gateway', calls: [1] },
      { on: 'create', fault: 'gateway', status: 404, body: 'none', committed: true, calls: [2] },
      { on: 'create', fault: 'proxy-html', status: 403, calls: [3] },
    );
    const first = await create();
    expect([first.status, first.body]).toEqual([400, { message: 'Bad Request' }]);
    expect((await lookUp()).body).toEqual([]);
    const second = await create();
    expect([second.status, second.bytes.length]).toEqual([404, 0]);
    expect((await lookUp()).body).toHaveLength(1);
    const third = await create();
    expect([third.status, third.headers.get('content-type')]).toEqual([403, 'text/html']);
    const ids = [first, second, third].map(({ headers }) => headers.get('x-humanapi-request-id'));
    expect(ids).toEqual([null, null, null]);
  });

  it.each(['gzip', 'deflate', 'br'])('comes compressed by %s, with the same bytes inside', async (as) => {
    const { download } = await withReport({ fault: 'compress', as, times: 1 });
    const compressed = await download('pdf');
    expect([compressed.headers.get('content-encoding'), compressed.headers.get('content-length')]).toEqual([as, null]);
    expect(compressed.bytes.equals((await download('pdf')).bytes)).toBe(true);
  });

  it('stalls for a while and then goes on', async () => {
    const { create, lookUp, clock, logged } = await setup({ on: 'create', fault: 'stall', for: '20s' });
    const answer = create();
    while (!logged.some(([event]) => event === 'fault')) await lookUp();
    expect((await lookUp()).body).toEqual([]);
    clock.advance(20_000);
    expect((await answer).status).toBe(202);
  });

  it('stalls for ever, does nothing for whoever hangs up, and does not keep the sandbox from ending', async () => {
    const { call, token, lookUp, sandbox, logged } = await setup({ on: 'create', fault: 'stall' });
    const { port } = sandbox.app.addresses()[0] as { port: number };
    const body = JSON.stringify({ clientUserId: 'POL-1', clientUserEmail: 'eager@example.org', autoInvite: true });
    const head = `POST ${USERS} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${token}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`;
    const open = async () => {
      const before = logged.filter(([event]) => event === 'fault').length;
      const socket = connect(port, '127.0.0.1', () => socket.write(head + body));
      socket.on('error', () => {});
      while (logged.filter(([event]) => event === 'fault').length === before) await call('GET', '/control/people');
      return socket;
    };
    const impatient = await open();
    impatient.destroy();
    const patient = await open();
    const hungUp = new Promise((resolve) => patient.on('close', resolve));
    expect((await lookUp()).body).toEqual([]);
    await sandbox.close();
    await hungUp;
  });

  it('breaks in the middle of a body, with the length of the whole one said', async () => {
    const { download } = await withReport({ fault: 'truncate', times: 1 });
    expect((await download('pdf')).status).toEqual(expect.stringMatching(/ECONNRESET|UND_ERR_SOCKET|terminated/));
    const whole = await download('pdf');
    expect(whole.bytes.subarray(-6).toString()).toBe('%%EOF\n');
  });

  it('gives the first half of a body as if it were the whole', async () => {
    const { download } = await withReport({ fault: 'shorten', times: 1 });
    const half = await download('pdf');
    const whole = await download('pdf');
    expect([half.status, half.bytes.length]).toEqual([200, Math.floor(whole.bytes.length / 2)]);
    expect(half.headers.get('content-length')).toBe(String(half.bytes.length));
    expect(half.bytes.equals(whole.bytes.subarray(0, half.bytes.length))).toBe(true);
  });

  it('gives another body than was asked for, in the right type', async () => {
    const { download } = await withReport({ fault: 'wrong-body' });
    const [json, pdf] = [await download('json'), await download('pdf')];
    expect(json.body).toEqual({ unexpected: expect.anything() });
    expect(pdf.headers.get('content-type')).toBe('application/pdf');
    expect(pdf.bytes.toString()).not.toContain('%PDF');
  });

  it('gives the right body in another type', async () => {
    const { download } = await withReport({ fault: 'wrong-type', times: 1 });
    const wrong = await download('pdf');
    expect(wrong.headers.get('content-type')).toBe('application/octet-stream');
    expect(wrong.bytes.equals((await download('pdf')).bytes)).toBe(true);
  });

  it.each(['truncate', 'shorten'])('also breaks what is made while it is sent (%s)', async (fault) => {
    const { call, token, clock, accessToken, get } = await setup({ on: 'download', fault });
    await call('POST', USERS, {
      token,
      json: { clientUserId: 'POL-2', clientUserEmail: 'huge@a.org', autoInvite: true },
    });
    clock.advance(120 * MINUTE_MS);
    const access = await accessToken('POL-2');
    const { body } = await get('/data/v1/human/medical/reports', access);
    const record = (body as { id: string; name: string }[]).find(({ name }) => name === 'ccdraw');
    const { status, bytes } = await get(`/data/v1/human/medical/reports/${record?.id}/raw?format=pdf`, access);
    if (fault === 'truncate') expect(status).toEqual(expect.stringMatching(/ECONNRESET|UND_ERR_SOCKET|terminated/));
    else expect(bytes.length).toBeGreaterThan(30_000_000);
    expect(bytes.subarray(-6).toString()).not.toBe('%%EOF\n');
  });

  it('needs a good token first: no fault hides that one is missing', async () => {
    const { call, lookUp, logged } = await setup({ on: 'look-up', fault: 'status', status: 503 });
    expect((await call('GET', USERS, { token: 'nonsense' })).status).toBe(401);
    expect((await lookUp()).status).toBe(503);
    const line = { call: 'look-up', clientUserId: 'POL-1', fault: 'status', rule: 0 };
    expect(logged.filter(([event]) => event === 'fault')).toEqual([['fault', line]]);
  });
});
