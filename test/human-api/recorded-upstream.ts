import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { HumanApiSettings } from '../../src/human-api/users/adapter';
import { listenOnLoopback } from '../support/loopback';
import { COOKBOOK, type Dialect, envelope } from './dialects';

/** A request; `path` is without the query. */
export interface Received {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: Record<string, unknown>;
}

export type Answer = (response: ServerResponse, request: Received) => void;

export const CREDENTIALS = { clientId: 'the-client', clientSecret: 'the-secret' };

interface Reply {
  readonly status: number;
  readonly type: string;
  readonly bytes: Buffer;
}

/** The owner of client tokens. */
const CLIENT = 'client';
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

/** Human API in one dialect, on a free loopback port. Keeps every request; a test may replace any answer. */
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
      if (!due) return send(response, reply(seen));
      due.times -= 1;
      return due.answer(response, seen);
    });
  });
  const base = `http://127.0.0.1:${await listenOnLoopback(server)}`;

  function reply({ method, path, query, headers, body }: Received): Reply {
    const bearer = tokens.get(headers.authorization?.replace(/^Bearer /, '') ?? '') ?? '';
    const call = `${method} ${path}`;
    if (call === 'POST /up/auth/v1/admin/token') return clientToken(body);
    if (call === 'POST /up/auth/v1/connect/token') return accessToken(body);
    if (path.startsWith('/up/admin/') ? bearer !== CLIENT : !people.has(bearer)) return rejected(401);
    if (call === 'POST /up/admin/api/v1/users') return created(body);
    if (call === 'GET /up/admin/api/v1/users') return found(query);
    if (path.startsWith(USERS)) return user(method, decodeURIComponent(path.slice(USERS.length)));
    if (call === 'GET /up/data/v1/human/medical/reports') return jsonReply(200, REPORTS);
    return document(decodeURIComponent(path.split('/').at(-2) ?? ''), query.get('format') ?? '');
  }

  function clientToken(body: Received['body']): Reply {
    if (body['client_secret'] !== CREDENTIALS.clientSecret) return rejected(401);
    return jsonReply(200, { [dialect.clientToken]: mint(CLIENT), expires_in: 86_400 });
  }

  function accessToken(body: Received['body']): Reply {
    const clientUserId = String(body['client_user_id']);
    const allowed = people.get(clientUserId)?.connected && body['client_secret'] === CREDENTIALS.clientSecret;
    if (!allowed) return rejected(dialect.accessDenied);
    const terms = { expires_in: 86_400, token_type: 'Bearer', refresh_token: 'atrt-1' };
    return jsonReply(200, { access_token: mint(clientUserId), ...terms });
  }

  function created(body: Received['body']): Reply {
    if (!String(body['clientUserEmail']).includes('@')) return rejected(400, ['clientUserEmail']);
    const clientUserId = String(body['clientUserId']);
    if (people.has(clientUserId)) return rejected(409);
    const { autoInvite, ...details } = body;
    if (autoInvite !== true) return rejected(400, ['autoInvite']);
    const humanId = randomUUID().replaceAll('-', '');
    const dates = { createdAt: '2020-01-30T21:20:54.316Z', updatedAt: '2020-01-30T21:20:54.316Z' };
    const user = { ...details, humanId, ...dates, status: 'Invited' };
    people.set(clientUserId, { user, connected: false });
    // The cookbook's single object carries no e-mail; the array's element has one, and not always a clientUserId.
    const { status, shape } = dialect.create;
    const answer = { ...user, inviteLink: 'https://invite.example.org/x' };
    if (shape === 'object') return jsonReply(status, { ...answer, clientUserEmail: undefined });
    return jsonReply(status, [{ ...answer, clientUserId: undefined }]);
  }

  function found(query: URLSearchParams): Reply {
    const wanted = [...people.values()]
      .map(({ user }) => user)
      .filter((user) => [...query].every(([key, value]) => key === 'offset' || user[key] === value));
    return wanted.length === 0 && dialect.noMatch === 404 ? rejected(404) : jsonReply(200, wanted);
  }

  function user(method: string, humanId: string): Reply {
    const person = [...people.values()].find(({ user }) => user['humanId'] === humanId);
    if (!person) return rejected(404);
    if (method === 'GET') return jsonReply(200, person.user);
    people.delete(String(person.user['clientUserId']));
    return { status: dialect.deleted, type: 'text/plain', bytes: Buffer.alloc(0) };
  }

  function document(id: string, format: string): Reply {
    const report = REPORTS.find((row) => row.id === id);
    if (!report) return rejected(404);
    if (format === 'json') return jsonReply(200, { made: 'up' });
    if (format !== 'pdf' || report.name === 'timeline') return rejected(dialect.notOffered);
    return { status: 200, type: 'application/pdf', bytes: Buffer.from('%PDF-1.4\nmade up\n%%EOF\n') };
  }

  function mint(owner: string): string {
    minted += 1;
    const token = `token-${minted}`;
    tokens.set(token, owner);
    return token;
  }

  function rejected(status: number, keys?: string[]): Reply {
    return jsonReply(status, envelope(dialect.envelope, status, keys));
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
    /** How often a call such as `GET /admin/api/v1/users` was made. */
    calls: (call: string) => received.filter(({ method, path }) => `${method} ${path}` === prefixed(call)).length,
    /** Replaces the next answers to a call. */
    answer(call: string, answer: Answer, times = 1): void {
      scripted.push({ call: prefixed(call), answer, times });
    },
    /** The person connects a provider, which gives access. */
    connect(clientUserId: string): void {
      const person = people.get(clientUserId);
      if (!person) throw new Error('no person was invited under that clientUserId');
      person.connected = true;
    },
    /** Makes all tokens invalid. */
    revokeTokens: () => tokens.clear(),
    async close(): Promise<void> {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export type RecordedUpstream = Awaited<ReturnType<typeof startRecordedUpstream>>;

export function json(status: number, body: unknown, headers: Record<string, string> = {}): Answer {
  return (response) => send(response, jsonReply(status, body), headers);
}

function jsonReply(status: number, body: unknown): Reply {
  return { status, type: 'application/json; charset=utf-8', bytes: Buffer.from(JSON.stringify(body)) };
}

function send(response: ServerResponse, { status, type, bytes }: Reply, headers: Record<string, string> = {}): void {
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
