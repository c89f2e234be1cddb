import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../clock';
import { envelope, REQUEST_ID, Refusal } from '../envelopes';
import type { Log } from '../log';
import type { People } from '../people';
import type { Rules } from '../scenario/rules';
import type { CallFault, CallName } from '../scenario/schema';
import type { Tokens } from '../tokens';
import { beginningOf, compressed, cutAfter, discard, GATEWAY_BODY, type Payload, proxyPage, wrongBody } from './bodies';
import { aboutWhom, callOf } from './calls';

interface CallFaultDeps {
  readonly people: People;
  readonly tokens: Tokens;
  readonly clock: Clock;
  readonly log: Log;
  readonly rules: () => Rules<CallFault>;
}

/** Makes calls of upstream go wrong, as the scenario says, and tells what became of each. */
export class CallFaults {
  private readonly hit = new WeakMap<FastifyRequest, CallFault>();
  private readonly about = new WeakMap<FastifyRequest, string>();
  /** Connections that are held without an answer. */
  private readonly stalled = new Map<Socket, () => void>();

  constructor(private readonly deps: CallFaultDeps) {}

  /** Watches over the routes of a host. A call without a live token is refused before any fault can hit it. */
  install(host: FastifyInstance): void {
    host.addHook('preHandler', (request, reply) => this.before(request, reply));
    host.addHook('onSend', (request, reply, payload) => this.after(request, reply, payload));
    host.addHook('onResponse', async (request, { statusCode }) => {
      const call = callOf(request);
      const about = this.about.get(request);
      if (call) this.deps.log('call', { call, ...(about && { clientUserId: about }), status: statusCode }, 'debug');
    });
  }

  /** Ends every stall: the connections are closed. */
  close(): void {
    for (const [socket, wake] of this.stalled) {
      socket.destroy();
      wake();
    }
  }

  private async before(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const call = callOf(request);
    if (!call) return;
    const about = aboutWhom(request, this.deps.people, this.deps.tokens);
    this.about.set(request, about);
    const bitten = this.deps.rules().bite(about, (rule) => concerns(rule, call));
    if (!bitten) return;
    const { rule, number } = bitten;
    this.deps.log('fault', { call, ...(about && { clientUserId: about }), fault: rule.fault, rule: number });
    if (isCommitted(rule)) this.hit.set(request, rule);
    else await this.instead(rule, request, reply);
  }

  /** What happens instead of what was asked for. */
  private async instead(rule: CallFault, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    switch (rule.fault) {
      case 'status':
      case 'rate-limit':
      case 'unauthorized': {
        const refusal = this.refusalOf(rule, reply);
        await reply.code(refusal.status).send(envelope(refusal, request.id));
        return;
      }
      case 'proxy-html':
        await notUpstreams(reply.code(rule.status)).type('text/html').send(proxyPage(rule.status));
        return;
      case 'gateway':
        notUpstreams(reply.code(rule.status));
        await (rule.body === 'none' ? reply.send() : reply.type('application/json').send(GATEWAY_BODY));
        return;
      case 'stall':
        // Whoever has hung up gets nothing done any more.
        if (!(await this.stall(rule.for ?? null, request.raw.socket))) reply.hijack();
        return;
      default:
        reply.hijack();
        request.raw.socket.resetAndDestroy();
    }
  }

  /** What becomes of the answer, once all that was asked for is done. */
  private async after(request: FastifyRequest, reply: FastifyReply, payload: unknown): Promise<unknown> {
    const rule = this.hit.get(request);
    if (!rule) return payload;
    const { socket } = request.raw;
    const body: Payload =
      payload instanceof Readable ? payload : Buffer.from((payload as string | Buffer | null) ?? '');
    const length = Buffer.isBuffer(body) ? body.length : Number(reply.getHeader('content-length'));
    const half = Math.floor(length / 2);
    const replaced = (text: string) => {
      discard(body);
      reply.header('content-length', Buffer.byteLength(text));
      return text;
    };
    switch (rule.fault) {
      case 'commit-then-drop':
        discard(body);
        socket.resetAndDestroy();
        return '';
      case 'truncate':
        if (half === 0) socket.resetAndDestroy();
        reply.header('content-length', length);
        return Readable.from(
          cutAfter(body, half, () => socket.resetAndDestroy()),
          { objectMode: false },
        );
      case 'shorten':
        reply.header('content-length', half);
        return Readable.from(beginningOf(body, half), { objectMode: false });
      case 'stall':
        await this.stall(rule.for ?? null, socket);
        return payload;
      case 'wrong-body':
        return replaced(wrongBody(String(reply.getHeader('content-type'))));
      case 'wrong-type':
        reply.header('content-type', rule.contentType);
        return payload;
      case 'proxy-html':
        notUpstreams(reply.code(rule.status)).header('content-type', 'text/html');
        return replaced(proxyPage(rule.status));
      case 'gateway':
        notUpstreams(reply.code(rule.status));
        if (rule.body === 'none') reply.removeHeader('content-type');
        else reply.header('content-type', 'application/json');
        return replaced(rule.body === 'none' ? '' : GATEWAY_BODY);
      case 'compress':
        reply.removeHeader('content-length').header('content-encoding', rule.as);
        return compressed(body, rule.as);
      default: {
        const refusal = this.refusalOf(rule, reply);
        reply.code(refusal.status).header('content-type', 'application/json; charset=utf-8');
        return replaced(JSON.stringify(envelope(refusal, request.id)));
      }
    }
  }

  private refusalOf(rule: CallFault, reply: FastifyReply): Refusal {
    if ('retryAfter' in rule && rule.retryAfter !== undefined) {
      const untilMs = this.deps.clock.nowMs() + rule.retryAfter;
      // Both forms know whole seconds only: rounded up, so that whoever waits has waited long enough.
      const seconds = Math.ceil(rule.retryAfter / 1_000);
      const date = new Date(Math.ceil(untilMs / 1_000) * 1_000).toUTCString();
      reply.header('retry-after', rule.retryAfterAs === 'date' ? date : seconds);
    }
    if (rule.fault === 'rate-limit') return new Refusal(429, 'Too many requests.');
    if (rule.fault === 'status') return new Refusal(rule.status, 'A fault of the scenario.');
    return new Refusal(401, 'The token is no longer good; mint a new one.');
  }

  /** Holds a connection for so long, or until the other side gives up: false. */
  private async stall(forMs: number | null, socket: Socket): Promise<boolean> {
    await new Promise<void>((resolve) => {
      const cancel = forMs === null ? () => {} : this.deps.clock.at(this.deps.clock.nowMs() + forMs, () => wake());
      const wake = () => {
        cancel();
        socket.off('close', wake);
        this.stalled.delete(socket);
        resolve();
      };
      socket.once('close', wake);
      this.stalled.set(socket, wake);
    });
    return !socket.destroyed;
  }
}

/** Upstream never saw it, or so it looks: no request id of theirs. */
function notUpstreams(reply: FastifyReply): FastifyReply {
  return reply.removeHeader(REQUEST_ID);
}

function concerns({ on }: CallFault, call: CallName): boolean {
  return on === 'any' || on === call || (Array.isArray(on) && on.includes(call));
}

/** Whether the call is carried out, so that only its answer goes wrong. */
function isCommitted(rule: CallFault): boolean {
  if ('committed' in rule) return rule.committed;
  return ['commit-then-drop', 'truncate', 'shorten', 'wrong-body', 'wrong-type', 'compress'].includes(rule.fault);
}
