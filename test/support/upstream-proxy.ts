import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The next such call stands still: before upstream has it, or with upstream's answer on its way back. */
interface Ambush {
  readonly matches: (call: string) => boolean;
  readonly side: Side;
  readonly sprung: () => void;
}

/** Where a call is caught. */
export type Side = 'before' | 'after';

/** Stands between our processes and the sandbox: counts the calls, and holds answers back in their middle. */
export class UpstreamProxy {
  /** `GET /data/v1/human/medical/reports`, in order, without the query. */
  readonly calls: string[] = [];
  private holding: ((call: string) => boolean) | null = null;
  private ambush: Ambush | null = null;
  private readonly held: ServerResponse[] = [];

  private constructor(
    private readonly server: Server,
    private readonly target: string,
  ) {}

  static async start(target: string): Promise<UpstreamProxy> {
    const server = createServer();
    const proxy = new UpstreamProxy(server, target);
    server.on('request', (request, response) => {
      // A sandbox that is gone answers nothing, and so does this.
      proxy.pass(request, response).catch(() => response.destroy());
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** From now on such calls (method, path and query) get half their answer and nothing more. */
  hold(matches: (call: string) => boolean): void {
    this.holding = matches;
  }

  /** Catches the next such call (method, path and query): resolves when it stands still. {@link release} cuts it off. */
  catchNext(matches: (call: string) => boolean, side: Side): Promise<void> {
    return new Promise((sprung) => {
      this.ambush = { matches, side, sprung };
    });
  }

  /** How many answers are held in their middle. */
  get heldCount(): number {
    return this.held.length;
  }

  /** Lets further calls through; what was held stays cut off. */
  release(): void {
    this.holding = null;
    this.ambush = null;
    for (const response of this.held.splice(0)) response.destroy();
  }

  async close(): Promise<void> {
    this.release();
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }

  private async pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', url = '/' } = request;
    this.calls.push(`${method} ${url.replace(/\?.*/, '')}`);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const headers = Object.fromEntries(
      ['authorization', 'content-type', 'accept'].flatMap((name) => {
        const value = request.headers[name];
        return typeof value === 'string' ? [[name, value]] : [];
      }),
    );
    const body = chunks.length > 0 ? Buffer.concat(chunks) : null;
    if (this.springs(`${method} ${url}`, 'before', response)) return;
    const answer = await fetch(this.target + url, { method, headers, body });
    const bytes = Buffer.from(await answer.arrayBuffer());
    if (this.springs(`${method} ${url}`, 'after', response)) return;
    const contentType = answer.headers.get('content-type');
    response.writeHead(answer.status, {
      ...(contentType === null ? {} : { 'content-type': contentType }),
      ...(answer.status === 204 ? {} : { 'content-length': bytes.length }),
    });
    if (!this.holding?.(`${method} ${url}`)) {
      response.end(bytes);
      return;
    }
    response.write(bytes.subarray(0, bytes.length / 2), () => this.held.push(response));
  }

  private springs(call: string, side: Side, response: ServerResponse): boolean {
    if (this.ambush?.side !== side || !this.ambush.matches(call)) return false;
    const { sprung } = this.ambush;
    this.ambush = null;
    this.held.push(response);
    sprung();
    return true;
  }
}
