import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { listenOnLoopback } from '../support/loopback';

type Notice = { readonly clientUserId?: string; readonly humanId?: string; readonly property?: string };

/** A proxy between upstream and the webhook. It loses the notices that `isLost` selects: it answers 200 and does not forward them. */
export class NoticeGate {
  private port = 0;
  passed = 0;
  lost = 0;
  private readonly clientUserIds = new Map<string, string>();
  /** By clientUserId: whether the last notice of a status was lost. */
  private readonly lastStatusLost = new Map<string, boolean>();

  private constructor(
    private readonly server: Server,
    private readonly target: string,
    private readonly isLost: (clientUserId: string) => boolean,
  ) {}

  static async start(target: string, isLost: (clientUserId: string) => boolean): Promise<NoticeGate> {
    const server = createServer();
    const gate = new NoticeGate(server, target, isLost);
    server.on('request', (request, response) => {
      gate.handle(request, response).catch(() => response.writeHead(503).end());
    });
    gate.port = await listenOnLoopback(server);
    return gate;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/notifications`;
  }

  /** The number of people whose last status only a poll can find. */
  get lastStatusesLost(): number {
    return [...this.lastStatusLost.values()].filter((lost) => lost).length;
  }

  async close(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const notices = [JSON.parse(Buffer.concat(chunks).toString()) as Notice | Notice[]].flat();
    const forwarded = notices.filter((notice) => this.keeps(notice));
    this.lost += notices.length - forwarded.length;
    this.passed += forwarded.length;
    if (forwarded.length === 0) {
      response.writeHead(200).end('{}');
      return;
    }
    const headers = { 'content-type': 'application/json', authorization: request.headers.authorization ?? '' };
    const answer = await fetch(this.target, { method: 'POST', headers, body: JSON.stringify(forwarded) });
    response.writeHead(answer.status).end(await answer.text());
  }

  private keeps(notice: Notice): boolean {
    const clientUserId = this.clientUserIdOf(notice);
    const lost = this.isLost(clientUserId);
    if (notice.property === 'status') this.lastStatusLost.set(clientUserId, lost);
    return !lost;
  }

  /** A notice of a report has only the humanId. The first notice of a person is of a status and has both ids. */
  private clientUserIdOf({ clientUserId, humanId = '' }: Notice): string {
    if (clientUserId !== undefined) this.clientUserIds.set(humanId, clientUserId);
    const id = clientUserId ?? this.clientUserIds.get(humanId);
    if (id === undefined) throw new Error('expected a notice of a status before a notice of a report');
    return id;
  }
}
