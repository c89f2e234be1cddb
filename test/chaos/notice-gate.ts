import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

type Notice = { readonly clientUserId?: string; readonly humanId?: string; readonly property?: string };

/** Stands between upstream and the webhook, and loses the notices that it is told to lose: answered 200, passed to nobody. */
export class NoticeGate {
  passed = 0;
  lost = 0;
  private readonly owners = new Map<string, string>();
  /** Of each person, whether the newest notice of a status was lost. */
  private readonly statusLost = new Map<string, boolean>();

  private constructor(
    private readonly server: Server,
    private readonly target: string,
    private readonly loses: (clientUserId: string) => boolean,
  ) {}

  static async start(target: string, loses: (clientUserId: string) => boolean): Promise<NoticeGate> {
    const server = createServer();
    const gate = new NoticeGate(server, target, loses);
    server.on('request', (request, response) => {
      gate.take(request, response).catch(() => response.writeHead(503).end());
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return gate;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/notifications`;
  }

  async close(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }

  private async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const notices = [JSON.parse(Buffer.concat(chunks).toString()) as Notice | Notice[]].flat();
    const kept = notices.filter((notice) => this.keeps(notice));
    this.lost += notices.length - kept.length;
    this.passed += kept.length;
    if (kept.length === 0) {
      response.writeHead(200).end('{}');
      return;
    }
    const headers = { 'content-type': 'application/json', authorization: request.headers.authorization ?? '' };
    const answer = await fetch(this.target, { method: 'POST', headers, body: JSON.stringify(kept) });
    response.writeHead(answer.status).end(await answer.text());
  }

  /** How many persons' newest notice of a status was lost: what only a poll can have told. */
  get endingsLost(): number {
    return [...this.statusLost.values()].filter((lost) => lost).length;
  }

  private keeps(notice: Notice): boolean {
    const owner = this.ownerOf(notice);
    const lost = this.loses(owner);
    if (notice.property === 'status') this.statusLost.set(owner, lost);
    return !lost;
  }

  /** A report's notice names the person by humanId only; the first notice of each person, of a status, names both. */
  private ownerOf({ clientUserId, humanId = '' }: Notice): string {
    if (clientUserId !== undefined) this.owners.set(humanId, clientUserId);
    const owner = clientUserId ?? this.owners.get(humanId);
    if (owner === undefined) throw new Error('expected a notice of a status before one of a report');
    return owner;
  }
}
