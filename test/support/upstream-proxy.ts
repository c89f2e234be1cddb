import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { listenOnLoopback } from './loopback';

/** A call that the proxy waits for, to hold it. */
interface Trap {
  readonly matches: (call: string) => boolean;
  readonly side: Side;
  readonly caught: (call: string) => void;
}

/** Where a call is held: before upstream receives it, after upstream answered, or with half of the answer's body sent. */
export type Side = 'before' | 'after' | 'middle';

/** A proxy between Chartway's processes and the sandbox: records the calls, and holds those that a test catches. */
export class UpstreamProxy {
  /** `GET /data/v1/human/medical/reports`, in order, without the query. */
  readonly calls: string[] = [];
  private traps: readonly Trap[] = [];
  private readonly held: ServerResponse[] = [];
  private port = 0;

  private constructor(
    private readonly server: Server,
    private readonly target: string,
  ) {}

  static async start(target: string): Promise<UpstreamProxy> {
    const server = createServer();
    const proxy = new UpstreamProxy(server, target);
    server.on('request', (request, response) => {
      // Without the sandbox there is no answer.
      proxy.pass(request, response).catch(() => response.destroy());
    });
    proxy.port = await listenOnLoopback(server);
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Holds the next such call; resolves to it (method, path and query) when it is held. {@link release} cuts it off. */
  catchNext(matches: (call: string) => boolean, side: Side): Promise<string> {
    return new Promise((caught) => {
      this.traps = [...this.traps, { matches, side, caught }];
    });
  }

  /** Passes further calls; the held ones are cut off. */
  release(): void {
    this.traps = [];
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
    if (this.catches(`${method} ${url}`, 'before', response)) return;
    const answer = await fetch(this.target + url, { method, headers, body });
    const bytes = Buffer.from(await answer.arrayBuffer());
    if (this.catches(`${method} ${url}`, 'after', response)) return;
    const contentType = answer.headers.get('content-type');
    response.writeHead(answer.status, {
      ...(contentType === null ? {} : { 'content-type': contentType }),
      ...(answer.status === 204 ? {} : { 'content-length': bytes.length }),
    });
    if (this.catches(`${method} ${url}`, 'middle', response)) response.write(bytes.subarray(0, bytes.length / 2));
    else response.end(bytes);
  }

  private catches(call: string, side: Side, response: ServerResponse): boolean {
    const trap = this.traps.find((each) => each.side === side && each.matches(call));
    if (!trap) return false;
    this.traps = this.traps.filter((each) => each !== trap);
    this.held.push(response);
    trap.caught(call);
    return true;
  }
}
