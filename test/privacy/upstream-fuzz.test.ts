import { inspect } from 'node:util';
import { isHumanId } from '../../src/domain/identifiers';
import { createUsersUpstream } from '../../src/human-api/users/adapter';
import { UpstreamError } from '../../src/upstream/errors';
import type { Upstream } from '../../src/upstream/port';
import { useCleanup } from '../support/cleanup';
import { fc } from '../support/property';
import { startRawUpstream } from './raw-upstream';

const TEST_TIMEOUT_MS = 60_000;
const CASES = Number(process.env['FUZZ_CASES'] ?? 60);
/** In each text from upstream; no error may contain it. */
const CANARY = 'zx9canary';
const TOKEN = 'tok3n-of-the-test';
/** A stalled machine may exceed it: only the test of an endless answer depends on it. */
const CLIENT_TIMEOUT_MS = 300;

const KINDS = [
  ...['validation', 'conflict', 'not-found', 'not-offered', 'not-yet', 'rate-limited', 'unavailable'],
  ...['bad-document'],
];
const NAMES = [
  ...['clientUserId', 'humanId', 'clientUserEmail', 'status', 'updatedAt', 'id', 'name', 'organization', 'createdAt'],
  ...['code', 'statusCode', 'error', 'message', 'validation', 'keys', 'x-humanapi-request-id'],
  ...['access_token', 'client_token', 'expires_in', '__proto__', 'constructor', 'toString', 'valueOf', 'length'],
];
const ODD = [
  CANARY,
  `${CANARY}@example.org`,
  `${CANARY}\u0000`,
  '\ud800',
  '',
  '..',
  '../..',
  '__proto__',
  1e308,
  -1,
  null,
  true,
];
const LEAF = fc.oneof(fc.constantFrom<unknown>(...ODD), fc.string({ unit: 'binary', maxLength: 20 }), fc.double());
const { value: VALUE } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    LEAF,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom(...NAMES), tie('value'), { maxKeys: 5 }),
  ),
}));
/** The fields of a well-formed answer. */
const WELL_FORMED = {
  clientUserId: 'POL-1',
  humanId: 'f'.repeat(32),
  status: CANARY,
  id: 'r1',
  code: 400,
  error: CANARY,
  message: `${CANARY}@example.org`,
  validation: { keys: [CANARY, `${CANARY}.org`, 'firstName'] },
  'x-humanapi-request-id': CANARY,
};
const ALTERED = fc
  .dictionary(fc.constantFrom(...NAMES), VALUE, { maxKeys: 4 })
  .map((over) => ({ ...WELL_FORMED, ...over }));
const JSON_TEXT = fc.oneof(
  ALTERED.map((one) => JSON.stringify(one)),
  fc.array(ALTERED, { maxLength: 3 }).map((some) => JSON.stringify(some)),
  VALUE.map((value) => JSON.stringify(value) ?? ''),
  ALTERED.map((one) => `{"humanId":"${CANARY}","humanId":7,${JSON.stringify(one).slice(1)}`),
  ALTERED.map((one) => JSON.stringify(one).slice(0, -3)),
  fc.nat({ max: 50_000 }).map((depth) => '[{"a":'.repeat(depth)),
  fc.nat({ max: 50_000 }).map((depth) => `${'['.repeat(depth)}${']'.repeat(depth)}`),
  fc.constantFrom('', ' ', `<html>${CANARY}</html>`, `\ufeff{"a":"${CANARY}"}`, 'null', `"${CANARY}"`),
);
const BYTES = fc.oneof(
  { weight: 6, arbitrary: JSON_TEXT.map((text) => Buffer.from(text)) },
  { weight: 1, arbitrary: JSON_TEXT.map((text) => Buffer.from(text, 'utf16le')) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)) },
);
const STATUS = fc.constantFrom(
  ...[200, 200, 200, 201, 202, 204, 206, 301, 304, 400, 401, 403, 404, 409, 415, 422, 429, 500, 503],
  ...[599],
);
const TYPE = fc.constantFrom('application/json', 'text/html', 'application/pdf', `${CANARY}/${CANARY}`, '');
const HEADERS = fc.constantFrom(
  '',
  `X-Note: ${CANARY}\r\n`,
  `Retry-After: ${CANARY}\r\n`,
  `Content-Encoding: ${CANARY}\r\n`,
  `Set-Cookie: a=${CANARY}\r\n`,
  `Content-Length: 7\r\nContent-Length: 8\r\n`,
  `Content-Length: ${CANARY}\r\n`,
  `X-Long: ${CANARY.repeat(3_000)}\r\n`,
);
/** The bytes of an answer. Its length may be wrong; it may be empty, or not HTTP. */
const ANSWER = fc
  .record({
    status: STATUS,
    type: TYPE,
    headers: HEADERS,
    bytes: BYTES,
    off: fc.constantFrom(0, 0, 0, 0, -1, 5),
    form: fc.nat(30),
  })
  .map(({ status, type, headers, bytes, off, form }) => {
    if (form === 0) return Buffer.from(`HTTP/1.1 101 ${CANARY}\r\nConnection: upgrade\r\nUpgrade: ${CANARY}\r\n\r\n`);
    if (form === 1) return Buffer.from(`${CANARY}\r\n\r\n`);
    if (form === 2) return Buffer.alloc(0);
    const early =
      form === 3 ? 'HTTP/1.1 103 Early\r\nLink: <x>\r\n\r\n' : form === 4 ? 'HTTP/1.1 100 Continue\r\n\r\n' : '';
    const chunked =
      form === 5 ? 'Transfer-Encoding: chunked\r\n' : `Content-Length: ${Math.max(0, bytes.length + off)}\r\n`;
    const head = `HTTP/1.1 ${status} ${CANARY}\r\nConnection: close\r\nContent-Type: ${type}\r\n${headers}${chunked}\r\n`;
    return Buffer.concat([Buffer.from(early + head), bytes]);
  });

const CALLS: Readonly<Record<string, (api: Upstream) => Promise<unknown>>> = {
  invite: (api) => api.invite({ clientUserId: 'POL-1', clientUserEmail: 'max@example.org' }),
  findPeople: (api) => api.findPeople({ clientUserId: 'POL-1' }),
  listPeople: (api) => api.listPeople(10),
  readStatus: (api) => api.readStatus('f'.repeat(32)),
  withdraw: (api) => api.withdraw('f'.repeat(32)),
  listReports: (api) => api.listReports('POL-1'),
  openReport: async (api) => {
    const body = await api.openReport('POL-1', 'r1', 'pdf');
    for await (const _ of body.stream);
  },
  proveCredentials: (api) => api.proveCredentials(),
};

const cleanUp = useCleanup();

async function setup(tokens: 'valid' | 'arbitrary', timeoutMs = CLIENT_TIMEOUT_MS) {
  const upstream = await startRawUpstream(tokens === 'valid' ? TOKEN : null);
  cleanUp(() => upstream.close());
  const base = `http://127.0.0.1:${upstream.port}`;
  const settings = {
    clientId: 'c',
    clientSecret: 's3cret-of-the-test',
    timeoutMs,
    maxReportBytes: 1_000_000,
  };
  /** A new client per case: no token and no Retry-After of an earlier case applies. */
  const client = () => {
    const api = createUsersUpstream({ ...settings, authUrl: base, adminUrl: base, dataUrl: base });
    cleanUp(() => api.close());
    return api;
  };
  return { upstream, client };
}

/** Returns the value of a call, or its UpstreamError; expects that the error repeats no text of upstream and no secret. */
async function resultOf(call: Promise<unknown>): Promise<unknown> {
  try {
    return await call;
  } catch (error) {
    if (!(error instanceof UpstreamError)) throw error;
    expect(KINDS).toContain(error.kind);
    const { cause, message, stack, call: facts, ...rest } = error;
    const text = inspect([message, stack, facts, rest, cause], { depth: 9, showHidden: true });
    expect(text).not.toMatch(/canary|tok3n|s3cret|example\.org|POL-1|f{32}/);
    expect(cause).toBeUndefined();
    expect(message.length).toBeLessThan(1_000);
    return error;
  }
}

describe.each(['valid', 'arbitrary'] as const)('for any answer of upstream, with %s tokens', (tokens) => {
  it.each(Object.keys(CALLS))('%s returns a value or an UpstreamError without text of the answer', async (name) => {
    const { upstream, client } = await setup(tokens);
    await fc.assert(
      fc.asyncProperty(ANSWER, async (answer) => {
        upstream.answer(answer);
        const api = client();
        try {
          const value = await resultOf(CALLS[name]?.(api) ?? Promise.resolve());
          const { subjectId } = (value ?? {}) as { subjectId?: unknown };
          if (subjectId !== undefined) expect(isHumanId(subjectId)).toBe(true);
        } finally {
          await api.close();
        }
      }),
      { numRuns: tokens === 'valid' ? CASES : CASES / 3 },
    );
  });
});

test('an answer that never ends, or that arrives a byte at a time, ends with the time-out', async () => {
  const { upstream, client } = await setup('valid');
  const head = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n';
  for (const start of ['', head, `${head}Transfer-Encoding: chunked\r\n\r\n`, `${head}Content-Length: 99\r\n\r\n[`]) {
    upstream.answer(Buffer.from(start), { drip: true });
    const api = client();
    for (const name of ['findPeople', 'readStatus', 'withdraw', 'listReports', 'invite']) {
      expect(await resultOf(CALLS[name]?.(api) ?? Promise.resolve())).toMatchObject({ kind: 'unavailable' });
    }
    await api.close();
  }
});

test('a huge answer is not read to its end, and a deep one is not parsed', async () => {
  const { upstream, client } = await setup('valid');
  const api = client();
  const head = 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\n\r\n';
  upstream.answer(Buffer.from(`${head}[${'"x",'.repeat(4_000_000)}1]`));
  const before = process.memoryUsage().arrayBuffers;
  expect(await resultOf(api.findPeople({ clientUserId: 'POL-1' }))).toMatchObject({ kind: 'unavailable' });
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 1024 * 1024);
  const deep = `${'['.repeat(2_000)}${']'.repeat(2_000)}`;
  upstream.answer(Buffer.from(`${head}[{"humanId":"h","x":${deep}}]`));
  expect(await resultOf(api.findPeople({ clientUserId: 'POL-1' }))).toMatchObject({ kind: 'unavailable' });
  await api.close();
});

test('a token whose lifetime is an object does not break the token cache', async () => {
  const { upstream, client } = await setup('arbitrary', TEST_TIMEOUT_MS);
  upstream.answer(jsonAnswer(200, { client_token: TOKEN, expires_in: { valueOf: 1, toString: 1 } }));
  const api = client();
  const proof = await resultOf(api.proveCredentials());
  await api.close();
  expect(proof).toBeUndefined();
});

test.each([400, 401, 403, 404, 409, 415, 422, 429, 500, 503])(
  'a %d repeats no code, no request id and no unknown key',
  async (status) => {
    const { upstream, client } = await setup('valid');
    const keys = [CANARY, `${CANARY}.org`, `firstName.${CANARY}`, `${CANARY}@example.org`];
    const failures: unknown[] = [];
    for (const code of ['code', 'statusCode']) {
      const body = { [code]: CANARY, error: CANARY, message: CANARY, validation: { source: CANARY, keys } };
      upstream.answer(jsonAnswer(status, { ...body, 'x-humanapi-request-id': CANARY }));
      for (const call of Object.values(CALLS)) {
        const api = client();
        failures.push(await resultOf(call(api)));
        await api.close();
      }
    }
    expect(failures.filter((failure) => failure instanceof UpstreamError).length).toBeGreaterThanOrEqual(8); // some calls return a value for a 404
  },
);

/** Returns the bytes of a JSON answer. */
function jsonAnswer(status: number, value: unknown): Buffer {
  const body = Buffer.from(JSON.stringify(value));
  const head = `HTTP/1.1 ${status} x\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), body]);
}
