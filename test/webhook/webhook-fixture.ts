import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { ReportNotice, StatusNotice } from '../../src/domain/notices';
import { createLogger } from '../../src/observability/log';
import { createRegistry } from '../../src/observability/metrics';
import { drain, listen } from '../../src/process/listening';
import type { TlsFiles } from '../../src/process/tls-settings';
import type { openSpool, Spool } from '../../src/spool/spool';
import type { NoticeSender } from '../../src/temporal/notices';
import { createWebhook } from '../../src/webhook/create-webhook';
import type { MailboxBudget } from '../../src/webhook/mailbox-budget';
import type { SignatureSettings } from '../../src/webhook/signature-settings';

/** The calls of the fake Temporal. */
interface FakeTemporal {
  deliverStatusNotice(
    clientUserId: string,
    notice: StatusNotice,
    requestId: string,
    untilMs?: number,
  ): Promise<'taken' | 'closed-or-unknown'>;
  deliverReportNotice(
    clientUserId: string,
    notice: ReportNotice,
    requestId: string,
    untilMs?: number,
  ): Promise<'taken' | 'refreshing' | 'closed-or-unknown'>;
  postToMailbox(notice: ReportNotice, requestId: string, untilMs?: number): Promise<void>;
  humanIdOf(clientUserId: string, untilMs?: number): Promise<string | null>;
  mailboxOwner(humanId: string, untilMs?: number): Promise<string | null>;
}

/** A call of the fake Temporal: the method and its arguments without the deadline. */
type Call = readonly [method: string, ...args: unknown[]];

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly json: unknown;
}

/** Signatures as they are configured by default, not checked. */
const UNSIGNED: SignatureSettings = {
  mode: 'off',
  secrets: [],
  encoding: 'auto',
  timeUnit: 'auto',
  toleranceMs: 300_000,
  headers: { signature: 'x-humanapi-signature', timestamp: 'x-humanapi-timestamp', nonce: 'x-humanapi-nonce' },
};

/** A webhook on a free port over a Temporal that takes every notice, unless `sender` changes it. */
export async function startWebhook(
  options: {
    sender?: Partial<FakeTemporal> | NoticeSender;
    secrets?: readonly string[];
    signature?: Partial<SignatureSettings>;
    /** Opens the spool; none where it is not given. */
    spool?: (given: Pick<Parameters<typeof openSpool>[0], 'registry' | 'log'>) => Promise<Spool>;
    tls?: TlsFiles;
    budget?: MailboxBudget;
    trustedProxies?: readonly string[];
    addressOf?: (socket: Socket) => string;
    timeouts?: { deliveryTimeoutMs?: number; senderTimeoutMs?: number; renewalEveryMs?: number };
  } = {},
) {
  const asked: Call[] = [];
  const pending = new Set<Promise<unknown>>();
  const lines: string[] = [];
  const noted =
    <Args extends unknown[], Result>(method: string, answer: (...args: Args) => Promise<Result>) =>
    (...args: Args): Promise<Result> => {
      asked.push([method, ...args.filter((arg) => typeof arg !== 'number')]);
      const answered = answer(...args);
      pending.add(answered);
      const end = () => pending.delete(answered);
      answered.then(end, end);
      return answered;
    };
  const answers: FakeTemporal = {
    deliverStatusNotice: async () => 'taken',
    deliverReportNotice: async () => 'taken',
    postToMailbox: async () => {},
    humanIdOf: async () => null,
    mailboxOwner: async () => null,
    ...options.sender,
  };
  const temporal: FakeTemporal = {
    deliverStatusNotice: noted('deliverStatusNotice', answers.deliverStatusNotice),
    deliverReportNotice: noted('deliverReportNotice', answers.deliverReportNotice),
    postToMailbox: noted('postToMailbox', answers.postToMailbox),
    humanIdOf: noted('humanIdOf', answers.humanIdOf),
    mailboxOwner: noted('mailboxOwner', answers.mailboxOwner),
  };
  const sender: NoticeSender = {
    async send(notice, owner, requestId, untilMs) {
      if (notice.kind === 'status') {
        const { clientUserId, humanId, status, updatedAt } = notice;
        const claim = { humanId, status, updatedAt };
        const taken = await temporal.deliverStatusNotice(clientUserId, claim, requestId, untilMs);
        return taken === 'taken' ? 'applicant' : 'nowhere';
      }
      const { humanId, reportId, type, updatedAt } = notice;
      const named = { humanId, reportId, type, updatedAt };
      if (owner === null) {
        await temporal.postToMailbox(named, requestId, untilMs);
        return 'mailbox';
      }
      const taken = await temporal.deliverReportNotice(owner, named, requestId, untilMs);
      return taken === 'taken' ? 'applicant' : taken === 'refreshing' ? 'refresh' : 'nowhere';
    },
    readHumanId: (...args) => temporal.humanIdOf(...args),
    waitForMailboxOwner: (...args) => temporal.mailboxOwner(...args),
    findApplicant: async () => null,
  };
  const registry = createRegistry('webhook');
  const log = createLogger({ process: 'webhook', level: 'debug' }, { write: (line: string) => lines.push(line) });
  const spool = (await options.spool?.({ registry, log })) ?? null;
  const { server, ready } = createWebhook({
    sender: options.sender && 'send' in options.sender ? options.sender : sender,
    spool,
    secrets: options.secrets ?? [],
    signature: { ...UNSIGNED, ...options.signature },
    tls: options.tls ?? null,
    budget: options.budget,
    trustedProxies: options.trustedProxies ?? [],
    addressOf: options.addressOf,
    registry,
    log,
    timeouts: options.timeouts ?? {},
  });
  const url = await listen(server, { host: '127.0.0.1', port: 0 });
  return {
    url,
    port: Number(new URL(url).port),
    server,
    ready,
    /** @throws without a spool */
    spool: () => {
      if (spool === null) throw new Error('expected a webhook with a spool');
      return spool;
    },
    asked,
    logged: () => lines.join(''),
    /** Our own figures, one a line. */
    metrics: async () => {
      const figures = (await registry.metrics()).split('\n').filter((line) => line.startsWith('chartway_'));
      return figures.join('\n');
    },
    send: (path: string, init: { method?: string; headers?: Record<string, string>; body?: string | Buffer } = {}) =>
      exchange(`${url}${path}`, { method: 'POST', ...init }),
    post: (notices: unknown, path = '/notifications') =>
      exchange(`${url}${path}`, { method: 'POST', body: JSON.stringify(notices) }),
    /** Resolves when no call to Temporal is pending. */
    async idle() {
      while (pending.size > 0) await Promise.allSettled(pending);
    },
    async stop() {
      server.closeAllConnections();
      await drain(server);
      await spool?.close();
    },
  };
}

/** What {@link stopClock} leaves alone. */
const REAL_CLOCKS = [
  ...(['performance', 'hrtime', 'nextTick', 'queueMicrotask', 'setImmediate', 'clearImmediate'] as const),
  ...(['setInterval', 'clearInterval'] as const),
];

/**
 * Stops `Date` and `setTimeout` until the end of the test, so that a stall of the machine exceeds no deadline. The returned function lets time pass.
 * Sockets and files are not affected, nor the waits of node:timers/promises.
 */
export function stopClock(): (ms: number) => void {
  jest.useFakeTimers({ doNotFake: REAL_CLOCKS });
  return (ms) => jest.advanceTimersByTime(ms);
}

/** The request as given and nothing added to it, unlike fetch, which makes up a content type. */
function exchange(
  url: string,
  init: { method?: string; headers?: Record<string, string>; body?: string | Buffer },
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { method: init.method, headers: init.headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        const json: unknown = text.startsWith('{') ? JSON.parse(text) : null;
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json });
      });
    });
    request.on('error', reject);
    request.end(init.body);
  });
}

/** For a test file: starts webhooks, and stops them all after each test. */
export function webhooks(): typeof startWebhook {
  const started: Awaited<ReturnType<typeof startWebhook>>[] = [];
  afterEach(async () => {
    jest.useRealTimers();
    for (const webhook of started.splice(0)) await webhook.stop();
  });
  return async (options) => {
    const webhook = await startWebhook(options);
    started.push(webhook);
    return webhook;
  };
}

/** Writes raw bytes to the port; resolves to all that came back when the other side closes, or `enough` came. */
export function converse(
  port: number,
  options: {
    first: string;
    keepWriting?: () => string | null;
    onText?: (all: string) => void;
    enough?: RegExp;
  },
): Promise<{ text: string; closed: boolean; written: number }> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let text = '';
    let written = 0;
    const done = (closed: boolean): void => {
      socket.destroy();
      resolve({ text, closed, written });
    };
    const pump = (): void => {
      for (let more = options.keepWriting?.() ?? null; more !== null; more = options.keepWriting?.() ?? null) {
        written += more.length;
        if (!socket.writable || !socket.write(more)) return;
      }
    };
    socket.on('connect', () => {
      socket.write(options.first);
      pump();
    });
    socket.on('drain', pump);
    socket.on('data', (chunk) => {
      text += chunk.toString();
      options.onText?.(text);
      if (options.enough?.test(text)) done(false);
    });
    socket.on('error', () => {});
    socket.on('close', () => done(true));
  });
}

export const HUMAN_ID = '0123456789abcdef0123456789abcdef';

/** A status notification as Human API posts it. */
export function statusNotification(over: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    clientUserId: 'POL-20417',
    endpoint: 'https://admin.humanapi.co/api/v1/users',
    humanId: HUMAN_ID,
    updatedAt: '2020-01-30T21:20:54.316Z',
    property: 'status',
    value: 'Declined',
    ...over,
  };
}

/** A report notification as Human API posts it. */
export function reportNotification(over: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    type: 'unity',
    endpoint: 'https://api.humanapi.co/v1/human/medical/reports',
    objectId: '5e3349a1c2b0f10012345678',
    updatedAt: '2020-01-30T21:20:54.316Z',
    humanId: HUMAN_ID,
    action: 'created',
    ...over,
  };
}
