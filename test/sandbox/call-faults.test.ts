import { connect } from 'node:net';
import { HOUR_MS, startSandbox } from './fixture';

const USERS = '/admin/api/v1/users';
const REPORTS = '/data/v1/human/medical/reports';
const PERSON = { clientUserId: 'POL-1', clientUserEmail: 'eager@example.org', autoInvite: true };

/** Starts a sandbox with faults. A broken connection returns its error code as the status. */
async function setup(...faults: object[]) {
  const started = await startSandbox({ scenario: { seed: 'a', faults } });
  const token = await started.clientToken();
  const tryCall = (...args: Parameters<typeof started.call>) =>
    started.call(...args).catch((error: unknown) => {
      const { cause } = error as { cause?: { code?: string } };
      return { status: cause?.code ?? String(error), headers: new Headers(), bytes: Buffer.alloc(0), body: null };
    });
  const create = (clientUserEmail = PERSON.clientUserEmail) =>
    tryCall('POST', USERS, { token, json: { ...PERSON, clientUserEmail } });
  const lookUp = () => tryCall('GET', `${USERS}?clientUserId=POL-1`, { token });
  /** Advances until all reports are delivered and downloads one. */
  const prepareDownload = async (email: string, type: string) => {
    await create(email);
    started.clock.advance(3 * HOUR_MS);
    const access = await started.accessToken('POL-1');
    const { body } = await started.call('GET', REPORTS, { token: access });
    const report = (body as { id: string; name: string }[]).find(({ name }) => name === type);
    return (format: string) => tryCall('GET', `${REPORTS}/${report?.id}/raw?format=${format}`, { token: access });
  };
  return { ...started, token, create, lookUp, prepareDownload };
}

/** Returns a function that downloads eager's summary with a fault. */
const download = async (fault: object) =>
  (await setup({ on: 'download', ...fault })).prepareDownload(PERSON.clientUserEmail, 'unity');

const brokenConnection = expect.stringMatching(/ECONNRESET|UND_ERR_SOCKET|terminated/);

describe('a fault of a call', () => {
  it.each([
    ['commit-then-drop', 1, 409],
    ['reset', 0, 202],
  ])('%s breaks the connection after %d invitations', async (fault, invited, next) => {
    const { create, lookUp } = await setup({ on: 'create', fault, times: 1 });
    expect((await create()).status).toEqual(brokenConnection);
    expect((await lookUp()).body).toHaveLength(invited);
    expect((await create()).status).toBe(next);
  });

  it('status answers instead of the call, or after it', async () => {
    const { create, lookUp } = await setup(
      { on: 'create', fault: 'status', status: 503, calls: [1] },
      { on: 'create', fault: 'status', status: 500, calls: [2], committed: true },
    );
    for (const [status, invited] of [
      [503, 0],
      [500, 1],
    ]) {
      const answer = await create();
      const body = expect.objectContaining({ code: status, 'x-humanapi-request-id': expect.any(String) });
      expect([answer.status, answer.body]).toEqual([status, body]);
      expect((await lookUp()).body).toHaveLength(invited ?? 0);
    }
  });

  it('rate-limit answers without a Retry-After, with seconds, or with a date', async () => {
    const { lookUp, clock } = await setup(
      { on: 'look-up', fault: 'rate-limit', calls: [1] },
      { on: 'look-up', fault: 'rate-limit', calls: [2], retryAfter: '1500ms' },
      { on: 'look-up', fault: 'rate-limit', calls: [3], retryAfter: '90s', retryAfterAs: 'date' },
    );
    const answers = [await lookUp(), await lookUp(), await lookUp(), await lookUp()];
    expect(answers.map(({ status, headers }) => [status, headers.get('retry-after')])).toEqual([
      [429, null],
      [429, '2'],
      [429, new Date(clock.nowMs() + 90_000).toUTCString()],
      [200, null],
    ]);
  });

  it('unauthorized answers 401 to the people of its pattern', async () => {
    const { lookUp } = await setup({ on: 'any', fault: 'unauthorized', times: 1, clientUserId: 'POL-*' });
    expect([(await lookUp()).status, (await lookUp()).status]).toEqual([401, 200]);
  });

  it('proxy-html and gateway answer in another form and without a request id', async () => {
    const { create, lookUp } = await setup(
      { on: 'create', fault: 'gateway', calls: [1] },
      { on: 'create', fault: 'proxy-html', status: 403, calls: [2] },
      { on: 'create', fault: 'gateway', status: 404, body: 'none', committed: true, calls: [3] },
      { on: 'look-up', fault: 'proxy-html', calls: [1] },
      { on: 'look-up', fault: 'proxy-html', status: 200, calls: [2] },
    );
    const answers = [await create(), await create(), await lookUp(), await lookUp()];
    expect((await lookUp()).body).toEqual([]);
    answers.push(await create());
    expect((await lookUp()).body).toHaveLength(1);
    const page = expect.stringContaining('<!doctype html>');
    expect(
      answers.map(({ status, headers, bytes }) => [status, headers.get('content-type'), bytes.toString()]),
    ).toEqual([
      [400, expect.stringContaining('application/json'), '{"message":"Bad Request"}'],
      [403, 'text/html', page],
      [502, 'text/html', page],
      [200, 'text/html', page],
      [404, null, ''],
    ]);
    expect(answers.map(({ headers }) => headers.get('x-humanapi-request-id'))).toEqual(answers.map(() => null));
  });

  it('stall with a time limit then carries the call out', async () => {
    const { create, lookUp, clock, logged } = await setup({ on: 'create', fault: 'stall', for: '20s' });
    const answer = create();
    while (!logged.some(([event]) => event === 'fault')) await lookUp();
    expect((await lookUp()).body).toEqual([]);
    clock.advance(20_000);
    expect((await answer).status).toBe(202);
  });

  it('stall without a time limit ends with the connection or the sandbox, and the call is not carried out', async () => {
    const { token, lookUp, sandbox, logged } = await setup({ on: 'create', fault: 'stall' });
    const { port } = sandbox.app.addresses()[0] as { port: number };
    const body = JSON.stringify(PERSON);
    const head = `POST ${USERS} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${token}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`;
    const stalls = () => logged.filter(([event]) => event === 'fault').length;
    const openStalled = async () => {
      const before = stalls();
      const socket = connect(port, '127.0.0.1', () => socket.write(head + body));
      socket.on('error', () => {});
      while (stalls() === before) await lookUp();
      return socket;
    };
    (await openStalled()).destroy();
    const socket = await openStalled();
    const closed = new Promise((resolve) => socket.on('close', resolve));
    expect((await lookUp()).body).toEqual([]);
    await sandbox.close();
    await closed;
  });

  it.each(['gzip', 'deflate', 'br'])('compress sends the same content as %s', async (as) => {
    const get = await download({ fault: 'compress', as, times: 1 });
    const { headers, bytes } = await get('pdf');
    expect([headers.get('content-encoding'), headers.get('content-length')]).toEqual([as, null]);
    expect(bytes.equals((await get('pdf')).bytes)).toBe(true);
  });

  // The report of the persona huge is streamed.
  describe.each(['eager', 'huge'])('of the download of %s', (persona) => {
    const downloadTwice = async (fault: string) => {
      const { prepareDownload } = await setup({ on: 'download', fault, times: 1 });
      const get = await prepareDownload(`${persona}@example.org`, 'ccdraw');
      return [await get('pdf'), await get('pdf')] as const;
    };

    it('truncate breaks the connection, and the next download is the whole', async () => {
      const [part, whole] = await downloadTwice('truncate');
      expect(part.status).toEqual(brokenConnection);
      expect([whole.status, whole.bytes.subarray(-6).toString()]).toEqual([200, '%%EOF\n']);
    });

    it('shorten sends half of the report as the whole', async () => {
      const [part, whole] = await downloadTwice('shorten');
      const half = whole.bytes.subarray(0, Math.floor(whole.bytes.length / 2));
      expect(part.headers.get('content-length')).toBe(String(half.length));
      expect(part.bytes.equals(half)).toBe(true);
    });
  });

  it('wrong-body sends other content with the right type, wrong-type the right content with another type', async () => {
    const get = await download({ fault: 'wrong-body', calls: [1, 2] });
    expect((await get('json')).body).toEqual({ unexpected: expect.anything() });
    const pdf = await get('pdf');
    expect(pdf.headers.get('content-type')).toBe('application/pdf');
    expect(pdf.bytes.toString()).not.toContain('%PDF');
    const getTyped = await download({ fault: 'wrong-type', times: 1 });
    const { headers, bytes } = await getTyped('pdf');
    expect(headers.get('content-type')).toBe('application/octet-stream');
    expect(bytes.equals((await getTyped('pdf')).bytes)).toBe(true);
  });

  it('applies only to calls with a valid token, and is logged', async () => {
    const { call, lookUp, logged } = await setup({ on: 'look-up', fault: 'status', status: 503 });
    expect((await call('GET', USERS, { token: 'nonsense' })).status).toBe(401);
    expect((await lookUp()).status).toBe(503);
    const fields = { call: 'look-up', clientUserId: 'POL-1', fault: 'status', rule: 0 };
    expect(logged.filter(([event]) => event === 'fault')).toEqual([['fault', fields]]);
  });
});
