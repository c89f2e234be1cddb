import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { listenOnLoopback } from '../support/loopback';

const HUMAN_ID = 'a'.repeat(32);

/** Names that, used unchanged, lead out of a folder or into one of Chartway's. None is empty or only dots. */
export const TRAVERSALS = [
  '../../../escaped',
  '..\\..\\escaped',
  '/etc/escaped',
  '%2e%2e%2fescaped',
  '%252e%252e/escaped',
  'nul\u0000escaped',
  'C:\\escaped',
  '\\\\host\\share\\escaped',
  'CON',
  'nul.txt',
  'lpt1',
  'escaped. ',
  ' escaped',
  '.chartway',
  '.incoming',
  '.manifest.json.lock',
  'manifest.json',
  '\u202efdp.depacse',
  '\uff0e\uff0e\uff0fescaped',
  '\u2024\u2024\u2215escaped',
  'e\u0301scaped',
  '\u00e9scaped',
  '__proto__',
  'constructor',
  '~root',
  '-rf',
  'a?b#c',
  'https://trap.example.org/escaped',
  'x'.repeat(200),
];

/**
 * Starts an upstream on loopback that puts the URL `trap` into each field that may have a URL, and each traversal into each name. Its report `moved`
 * redirects to the trap.
 */
export async function startPlantingUpstream(trap: string) {
  const requests: string[] = [];
  const planted = {
    endpoint: `${trap}/endpoint`,
    href: `${trap}/href`,
    inviteLink: `${trap}/invite`,
    url: `${trap}/url`,
    next: `${trap}/next`,
    refresh_token: `${trap}/token`,
  };
  const reports = ['moved', ...TRAVERSALS].map((name, at) => ({
    ...planted,
    id: name,
    name: 'unity',
    organization: { id: name, name: `${trap}/${name}`, href: planted.href },
    updatedAt: new Date(Date.UTC(2026, 0, 1, 0, at)).toISOString(),
  }));
  // The client requests no report of a type that is not wanted.
  const unwanted = TRAVERSALS.map((name) => ({ ...planted, id: `of-${name.length}`, name, organization: null }));
  let invited: Record<string, unknown> | null = null;

  const server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      const url = new URL(request.url ?? '', 'http://upstream');
      requests.push(`${request.method} ${url.pathname}`);
      response.setHeader('link', `<${trap}/link>; rel="next"`);
      response.setHeader('refresh', `0; url=${trap}/refresh`);
      response.setHeader('content-location', `${trap}/content`);
      response.setHeader('alt-svc', `http/1.1="${new URL(trap).host}"`);
      answer(`${request.method} ${url.pathname}`, body, response);
    });
  });

  function answer(call: string, body: Record<string, unknown>, response: ServerResponse): void {
    const raw = /^GET \/v1\/human\/medical\/reports\/([^/]+)\/raw$/.exec(call)?.[1];
    if (raw === undefined) json(response, contentOf(call, body));
    else document(decodeURIComponent(raw), response);
  }

  function contentOf(call: string, { clientUserId }: Record<string, unknown>): unknown {
    if (call.endsWith('/token')) return { ...planted, client_token: 'c', access_token: 'a', expires_in: 900 };
    if (call === 'GET /v1/human/medical/reports') return [...reports, ...unwanted];
    if (call === 'GET /api/v1/users') return invited ? [invited] : [];
    if (call === 'POST /api/v1/users') {
      const updatedAt = '2026-01-01T00:00:00.000Z';
      invited = { ...planted, clientUserId, humanId: HUMAN_ID, status: 'All Synced', updatedAt };
    }
    return invited ?? {};
  }

  function document(id: string, response: ServerResponse): void {
    if (id === 'moved') {
      response.writeHead(302, { location: `${trap}/moved` }).end();
      return;
    }
    response.writeHead(200, { 'content-type': 'application/pdf' }).end('%PDF-1.4\n%%EOF\n');
  }

  const port = await listenOnLoopback(server);
  return {
    port,
    /** Method and path of each request, in order. */
    requests,
    async close(): Promise<void> {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function json(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
}
