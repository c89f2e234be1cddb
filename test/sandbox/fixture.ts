import type { SavedState } from '../../sandbox/journal';
import type { Log } from '../../sandbox/log';
import { createSandbox, type SandboxSettings } from '../../sandbox/sandbox';
import { SIGNATURE_HEADERS, type Signing } from '../../sandbox/signature';
import { startReceiver } from './receiver';
import { VirtualClock } from './virtual-clock';

/** The credentials that the sandbox of these tests knows. */
export const CLIENT = { client_id: 'carrier', client_secret: 'carrier-secret' };

const cleanups: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Buffer;
  readonly body: unknown;
}

interface Call {
  readonly token?: string;
  readonly json?: unknown;
  /** Sent as it is, with this type. */
  readonly raw?: { readonly type: string; readonly text: string };
}

interface Options extends Partial<Omit<SandboxSettings, 'credentials' | 'webhook'>> {
  /** What the webhook answers; 0: nothing. */
  readonly webhookAnswers?: number;
  readonly webhookSecret?: string;
  readonly sign?: boolean;
  readonly signing?: Partial<Signing>;
  readonly memory?: SavedState;
  /** Goes on from there instead of having a clock of its own. */
  readonly clock?: VirtualClock;
}

/** A sandbox on a free port over a clock that stands still, with a webhook that keeps what it gets. */
export async function startSandbox(options: Options = {}) {
  const clock = options.clock ?? new VirtualClock();
  const receiver = await startReceiver(options.webhookAnswers);
  cleanups.push(receiver.close);
  const logged: Parameters<Log>[] = [];
  const sandbox = createSandbox(
    {
      credentials: { clientId: CLIENT.client_id, clientSecret: CLIENT.client_secret },
      webhook: {
        urls: [receiver.url],
        secret: options.webhookSecret ?? null,
        signing: options.sign
          ? {
              clientSecret: CLIENT.client_secret,
              digest: 'hex',
              time: 'ms',
              headers: SIGNATURE_HEADERS,
              ...options.signing,
            }
          : null,
        ...(options.webhookAnswers !== 0 && { answerTimeoutMs: 20_000 }),
      },
      tokenLifetimeSeconds: options.tokenLifetimeSeconds ?? 86_400,
      createAnswer: options.createAnswer ?? null,
      storySpeed: options.storySpeed ?? { speed: 1, longestWaitMs: null },
      publicUrl: options.publicUrl ?? null,
      seed: options.seed ?? null,
      scenario: options.scenario ?? null,
    },
    clock,
    (...line) => logged.push(line),
    options.memory,
  );
  const base = await sandbox.app.listen({ host: '127.0.0.1', port: 0 });
  cleanups.push(sandbox.close);

  async function call(method: string, path: string, { token, json, raw }: Call = {}): Promise<Reply> {
    const type = raw?.type ?? (json === undefined ? undefined : 'application/json');
    const answer = await fetch(base + path, {
      method,
      headers: { ...(type && { 'content-type': type }), ...(token && { authorization: `Bearer ${token}` }) },
      body: raw?.text ?? (json === undefined ? null : JSON.stringify(json)),
    });
    const bytes = Buffer.from(await answer.arrayBuffer());
    const isJson = answer.headers.get('content-type')?.startsWith('application/json') ?? false;
    return {
      status: answer.status,
      headers: answer.headers,
      bytes,
      body: isJson ? JSON.parse(bytes.toString()) : null,
    };
  }

  const mintClient = () => call('POST', '/auth/v1/admin/token', { json: { ...CLIENT, type: 'client' } });
  const mintAccess = (clientUserId: string) =>
    call('POST', '/auth/v1/connect/token', { json: { ...CLIENT, type: 'access', client_user_id: clientUserId } });
  const clientToken = async () => field(await mintClient(), 'client_token');

  return {
    sandbox,
    clock,
    receiver,
    logged,
    call,
    mintClient,
    mintAccess,
    clientToken,
    accessToken: async (clientUserId: string) => field(await mintAccess(clientUserId), 'access_token'),
    /** Invites and returns the humanId. */
    async invite(clientUserId: string, email: string, details: Record<string, unknown> = {}): Promise<string> {
      const json = { clientUserId, clientUserEmail: email, autoInvite: true, ...details };
      const { body } = await call('POST', '/admin/api/v1/users', { token: await clientToken(), json });
      return field({ body: Array.isArray(body) ? body[0] : body }, 'humanId');
    },
  };
}

/** A text field of an answer; throws when it is not there. */
export function field({ body }: { body: unknown }, name: string): string {
  const value = (body as Record<string, unknown> | null)?.[name];
  if (typeof value !== 'string') throw new Error(`expected ${name} in the answer`);
  return value;
}

/** What each kind of error answer must look like. */
export const generalError = (code: number) => ({
  code,
  error: expect.any(String),
  message: expect.any(String),
  'x-humanapi-request-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
});

/** The same for an answer that names keys. */
export const validationError = (source: 'payload' | 'query', keys: string[]) => ({
  statusCode: 400,
  error: 'Bad Request',
  message: expect.any(String),
  validation: { source, keys },
  'x-humanapi-request-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
});
