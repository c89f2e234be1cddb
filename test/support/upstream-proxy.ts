import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Stands between our processes and the sandbox: counts the calls, and holds answers back in their middle. */
export class UpstreamProxy {
  /** `GET /data/v1/human/medical/reports`, in order, without the query. */
  readonly calls: string[] = [];
  private holding: ((call: string) => boolean) | null = null;
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

  /** How many answers are held in their middle. */
  get heldCount(): number {
    return this.held.length;
  }

  /** Lets further calls through; what was held stays cut off. */
  release(): void {
    this.holding = null;
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
    const answer = await fetch(this.target + url, { method, headers, body });
    const bytes = Buffer.from(await answer.arrayBuffer());
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
}
