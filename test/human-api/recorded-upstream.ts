import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { HumanApiSettings } from '../../src/human-api/users/adapter';
import { COOKBOOK, type Dialect, envelope } from './dialects';

/** What a request brought. `path` without the query. */
export interface Received {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: Record<string, unknown>;
}

export type Answer = (response: ServerResponse, request: Received) => void;

export const CREDENTIALS = { clientId: 'the-client', clientSecret: 'the-secret' };

/** An honest answer. */
interface Whole {
  readonly status: number;
  readonly type: string;
  readonly bytes: Buffer;
}

const CLIENT = 'the client itself';
const USERS = '/up/admin/api/v1/users/';

interface Person {
  readonly user: Record<string, unknown>;
  connected: boolean;
}

export const REPORT_ID = '5e9f0c3b1d2a4f6788990a01';

const REPORTS = [
  {
    id: REPORT_ID,
    createdAt: '2020-01-30T21:20:54.316Z',
    updatedAt: '2020-01-31T08:00:00.000Z',
    name: 'unity',
    organization: { id: '5b1daf3f079c652eaf41fd23', name: 'Starfleet Medical', href: 'https://api.humanapi.co/v1/x' },
  },
  {
    id: 'whole/person?1',
    createdAt: '2020-01-30T21:20:54.316Z',
    updatedAt: '2020-01-30T21:20:54.316Z',
    name: 'timeline',
  },
];

/** Upstream as its texts and recordings show it, in one dialect, on a free loopback port; every request is kept, any answer can be replaced. */
export async function startRecordedUpstream(dialect: Dialect = COOKBOOK) {
  const received: Received[] = [];
  const scripted: { call: string; answer: Answer; times: number }[] = [];
  const people = new Map<string, Person>();
  const tokens = new Map<string, string>();
  let minted = 0;
  const server = createServer((request, response) => {
    void read(request).then((seen) => {
      received.push(seen);
      const index = scripted.findIndex(({ call, times }) => call === `${seen.method} ${seen.path}` && times > 0);
      const due = scripted[index];
      if (!due) return send(response, honest(seen));
      due.times -= 1;
      return due.answer(response, seen);
    });
  });
  const base = await listen(server);

  function honest({ method, path, query, headers, body }: Received): Whole {
    const bearer = tokens.get(headers.authorization?.replace(/^Bearer /, '') ?? '') ?? '';
    const call = `${method} ${path}`;
    if (call === 'POST /up/auth/v1/admin/token') return clientToken(body);
    if (call === 'POST /up/auth/v1/connect/token') return accessToken(body);
    if (path.startsWith('/up/admin/') ? bearer !== CLIENT : !people.has(bearer)) return refused(401);
    if (call === 'POST /up/admin/api/v1/users') return created(body);
    if (call === 'GET /up/admin/api/v1/users') return found(query);
    if (path.startsWith(USERS)) return user(method, decodeURIComponent(path.slice(USERS.length)));
    if (call === 'GET /up/data/v1/human/medical/reports') return whole(200, REPORTS);
    return document(decodeURIComponent(path.split('/').at(-2) ?? ''), query.get('format') ?? '');
  }

  function clientToken(body: Received['body']): Whole {
    if (body['client_secret'] !== CREDENTIALS.clientSecret) return refused(401);
    return whole(200, { [dialect.clientToken]: mint(CLIENT), expires_in: 86_400 });
  }

  function accessToken(body: Received['body']): Whole {
    const clientUserId = String(body['client_user_id']);
    const allowed = people.get(clientUserId)?.connected && body['client_secret'] === CREDENTIALS.clientSecret;
    if (!allowed) return refused(dialect.noTokenYet);
    const terms = { expires_in: 86_400, token_type: 'Bearer', refresh_token: 'atrt-1' };
    return whole(200, { access_token: mint(clientUserId), ...terms });
  }

  function created(body: Received['body']): Whole {
    if (!String(body['clientUserEmail']).includes('@')) return refused(400, ['clientUserEmail']);
    const clientUserId = String(body['clientUserId']);
    if (people.has(clientUserId)) return refused(409);
    const { autoInvite, ...details } = body;
    if (autoInvite !== true) return refused(400, ['autoInvite']);
    const humanId = randomUUID().replaceAll('-', '');
    const dates = { createdAt: '2020-01-30T21:20:54.316Z', updatedAt: '2020-01-30T21:20:54.316Z' };
    const user = { ...details, humanId, ...dates, status: 'Invited' };
    people.set(clientUserId, { user, connected: false });
    // The cookbook's single object carries no e-mail; the array's element has one, and not always a clientUserId.
    const { status, shape } = dialect.create;
    const answer = { ...user, inviteLink: 'https://invite.example.org/x' };
    if (shape === 'object') return whole(status, { ...answer, clientUserEmail: undefined });
    return whole(status, [{ ...answer, clientUserId: undefined }]);
  }

  function found(query: URLSearchParams): Whole {
    const wanted = [...people.values()]
      .map(({ user }) => user)
      .filter((user) => [...query].every(([key, value]) => key === 'offset' || user[key] === value));
    return wanted.length === 0 && dialect.nobody === 404 ? refused(404) : whole(200, wanted);
  }

  function user(method: string, humanId: string): Whole {
    const person = [...people.values()].find(({ user }) => user['humanId'] === humanId);
    if (!person) return refused(404);
    if (method === 'GET') return whole(200, person.user);
    people.delete(String(person.user['clientUserId']));
    return { status: dialect.deleted, type: 'text/plain', bytes: Buffer.alloc(0) };
  }

  function document(id: string, format: string): Whole {
    const report = REPORTS.find((row) => row.id === id);
    if (!report) return refused(404);
    if (format === 'json') return whole(200, { made: 'up' });
    if (format !== 'pdf' || report.name === 'timeline') return refused(dialect.notOffered);
    return { status: 200, type: 'application/pdf', bytes: Buffer.from('%PDF-1.4\nmade up\n%%EOF\n') };
  }

  function mint(owner: string): string {
    minted += 1;
    const token = `token-${minted}`;
    tokens.set(token, owner);
    return token;
  }

  function refused(status: number, keys?: string[]): Whole {
    return whole(status, envelope(dialect.envelope, status, keys));
  }

  const settings: HumanApiSettings = {
    ...CREDENTIALS,
    authUrl: `${base}/up/auth`,
    adminUrl: `${base}/up/admin/`,
    dataUrl: `${base}/up/data`,
    timeoutMs: 20_000,
  };

  return {
    settings,
    received,
    /** How often a call was made: `GET /admin/api/v1/users`, without the base URLs' common prefix. */
    calls: (call: string) => received.filter(({ method, path }) => `${method} ${path}` === prefixed(call)).length,
    /** Replaces the answer to the next calls. */
    answer(call: string, answer: Answer, times = 1): void {
      scripted.push({ call: prefixed(call), answer, times });
    },
    /** The person connects a source: an access token is to be had. */
    connect(clientUserId: string): void {
      const person = people.get(clientUserId);
      if (!person) throw new Error('nobody of that clientUserId was invited');
      person.connected = true;
    },
    /** Every token minted so far is worth nothing any more. */
    revokeTokens: () => tokens.clear(),
    async close(): Promise<void> {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export type RecordedUpstream = Awaited<ReturnType<typeof startRecordedUpstream>>;

/** A whole JSON answer. */
export function json(status: number, body: unknown, headers: Record<string, string> = {}): Answer {
  return (response) => send(response, whole(status, body), headers);
}

function whole(status: number, body: unknown): Whole {
  return { status, type: 'application/json; charset=utf-8', bytes: Buffer.from(JSON.stringify(body)) };
}

function send(response: ServerResponse, { status, type, bytes }: Whole, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': type, 'content-length': bytes.length, ...headers }).end(bytes);
}

function prefixed(call: string): string {
  return call.replace(' /', ' /up/');
}

async function read(request: IncomingMessage): Promise<Received> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const url = new URL(request.url ?? '', 'http://upstream');
  const text = Buffer.concat(chunks).toString();
  const body: unknown = text === '' ? {} : JSON.parse(text);
  return {
    method: request.method ?? '',
    path: url.pathname,
    query: url.searchParams,
    headers: request.headers,
    body: body as Record<string, unknown>,
  };
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
