import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../clock';
import { ErrorAnswer, errorBody, REQUEST_ID_HEADER } from '../error-answer';
import type { Log } from '../log';
import type { People } from '../people';
import type { Rules } from '../scenario/rules';
import type { CallFault, CallName } from '../scenario/schema';
import type { Tokens } from '../tokens';
import { compress, cutAfter, discard, firstBytes, GATEWAY_BODY, type Payload, proxyPage, wrongBody } from './bodies';
import { callName, clientUserIdOf } from './calls';

interface CallFaultDeps {
  readonly people: People;
  readonly tokens: Tokens;
  readonly clock: Clock;
  readonly log: Log;
  readonly rules: () => Rules<CallFault>;
}

/** Applies the call faults of the scenario and logs each call. */
export class CallFaults {
  private readonly matched = new WeakMap<FastifyRequest, CallFault>();
  private readonly clientUserIds = new WeakMap<FastifyRequest, string>();
  /** Connections that are held without a response. */
  private readonly stalls = new Map<Socket, () => void>();

  constructor(private readonly deps: CallFaultDeps) {}

  /** Applies faults to the routes of a host. The host checks tokens first, so a call without a valid token gets no fault. */
  install(host: FastifyInstance): void {
    host.addHook('preHandler', (request, reply) => this.beforeHandler(request, reply));
    host.addHook('onSend', (request, reply, payload) => this.beforeSend(request, reply, payload));
    host.addHook('onResponse', async (request, { statusCode }) => {
      const call = callName(request);
      const clientUserId = this.clientUserIds.get(request);
      if (call) this.deps.log('call', { call, ...(clientUserId && { clientUserId }), status: statusCode }, 'debug');
    });
  }

  /** Closes all stalled connections. */
  close(): void {
    for (const [socket, wake] of this.stalls) {
      socket.destroy();
      wake();
    }
  }

  private async beforeHandler(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const call = callName(request);
    if (!call) return;
    const clientUserId = clientUserIdOf(request, this.deps.people, this.deps.tokens);
    this.clientUserIds.set(request, clientUserId);
    const match = this.deps.rules().match(clientUserId, (rule) => appliesTo(rule, call));
    if (!match) return;
    const { rule, number } = match;
    this.deps.log('fault', { call, ...(clientUserId && { clientUserId }), fault: rule.fault, rule: number });
    if (isCommitted(rule)) this.matched.set(request, rule);
    else await this.answerInstead(rule, request, reply);
  }

  /** Answers without carrying out the call. */
  private async answerInstead(rule: CallFault, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    switch (rule.fault) {
      case 'status':
      case 'rate-limit':
      case 'unauthorized': {
        const answer = this.errorAnswerFor(rule, reply);
        await reply.code(answer.status).send(errorBody(answer, request.id));
        return;
      }
      case 'proxy-html':
        await removeRequestId(reply.code(rule.status)).type('text/html').send(proxyPage(rule.status));
        return;
      case 'gateway':
        removeRequestId(reply.code(rule.status));
        await (rule.body === 'none' ? reply.send() : reply.type('application/json').send(GATEWAY_BODY));
        return;
      case 'stall':
        // A call whose client closed the connection is not carried out.
        if (!(await this.stall(rule.for ?? null, request.raw.socket))) reply.hijack();
        return;
      default:
        reply.hijack();
        request.raw.socket.resetAndDestroy();
    }
  }

  /** Changes the response of a call that was carried out. */
  private async beforeSend(request: FastifyRequest, reply: FastifyReply, payload: unknown): Promise<unknown> {
    const rule = this.matched.get(request);
    if (!rule) return payload;
    const { socket } = request.raw;
    const body: Payload =
      payload instanceof Readable ? payload : Buffer.from((payload as string | Buffer | null) ?? '');
    const length = Buffer.isBuffer(body) ? body.length : Number(reply.getHeader('content-length'));
    const half = Math.floor(length / 2);
    const replaceBody = (text: string) => {
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
        return Readable.from(firstBytes(body, half), { objectMode: false });
      case 'stall':
        await this.stall(rule.for ?? null, socket);
        return payload;
      case 'wrong-body':
        return replaceBody(wrongBody(String(reply.getHeader('content-type'))));
      case 'wrong-type':
        reply.header('content-type', rule.contentType);
        return payload;
      case 'proxy-html':
        removeRequestId(reply.code(rule.status)).header('content-type', 'text/html');
        return replaceBody(proxyPage(rule.status));
      case 'gateway':
        removeRequestId(reply.code(rule.status));
        if (rule.body === 'none') reply.removeHeader('content-type');
        else reply.header('content-type', 'application/json');
        return replaceBody(rule.body === 'none' ? '' : GATEWAY_BODY);
      case 'compress':
        reply.removeHeader('content-length').header('content-encoding', rule.as);
        return compress(body, rule.as);
      default: {
        const answer = this.errorAnswerFor(rule, reply);
        reply.code(answer.status).header('content-type', 'application/json; charset=utf-8');
        return replaceBody(JSON.stringify(errorBody(answer, request.id)));
      }
    }
  }

  private errorAnswerFor(rule: CallFault, reply: FastifyReply): ErrorAnswer {
    if ('retryAfter' in rule && rule.retryAfter !== undefined) {
      const untilMs = this.deps.clock.nowMs() + rule.retryAfter;
      // Both forms have whole seconds: rounded up, so that a client never retries too early.
      const seconds = Math.ceil(rule.retryAfter / 1_000);
      const date = new Date(Math.ceil(untilMs / 1_000) * 1_000).toUTCString();
      reply.header('retry-after', rule.retryAfterAs === 'date' ? date : seconds);
    }
    if (rule.fault === 'rate-limit') return new ErrorAnswer(429, 'Too many requests.');
    if (rule.fault === 'status') return new ErrorAnswer(rule.status, 'A fault set by the scenario.');
    return new ErrorAnswer(401, 'The token is no longer valid; mint a new one.');
  }

  /** Holds a connection for this time, or without limit. Returns false if the client closed it. */
  private async stall(forMs: number | null, socket: Socket): Promise<boolean> {
    await new Promise<void>((resolve) => {
      const cancel = forMs === null ? () => {} : this.deps.clock.at(this.deps.clock.nowMs() + forMs, () => wake());
      const wake = () => {
        cancel();
        socket.off('close', wake);
        this.stalls.delete(socket);
        resolve();
      };
      socket.once('close', wake);
      this.stalls.set(socket, wake);
    });
    return !socket.destroyed;
  }
}

/** An answer of a proxy or gateway has no request id of upstream. */
function removeRequestId(reply: FastifyReply): FastifyReply {
  return reply.removeHeader(REQUEST_ID_HEADER);
}

function appliesTo({ on }: CallFault, call: CallName): boolean {
  return on === 'any' || on === call || (Array.isArray(on) && on.includes(call));
}

/** Whether the call is carried out, so that only its response is faulty. */
function isCommitted(rule: CallFault): boolean {
  if ('committed' in rule) return rule.committed;
  return ['commit-then-drop', 'truncate', 'shorten', 'wrong-body', 'wrong-type', 'compress'].includes(rule.fault);
}
