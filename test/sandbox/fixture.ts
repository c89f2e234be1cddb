import type { SavedState } from '../../sandbox/journal';
import type { Log } from '../../sandbox/log';
import { createSandbox, type SandboxSettings } from '../../sandbox/sandbox';
import { SIGNATURE_HEADERS, type Signing } from '../../sandbox/signature';
import { useCleanup } from '../support/cleanup';
import { startReceiver, toNotices } from './receiver';
import { VirtualClock } from './virtual-clock';

/** The credentials of the sandbox in these tests. */
export const CLIENT = { client_id: 'carrier', client_secret: 'carrier-secret' };
export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

const addCleanup = useCleanup();

interface Call {
  readonly token?: string;
  readonly json?: unknown;
  /** A body with this type. */
  readonly raw?: { readonly type: string; readonly text: string };
}

interface Options extends Partial<Omit<SandboxSettings, 'credentials' | 'webhook'>> {
  /** The status that the webhook answers; 0: no answer. */
  readonly webhookAnswers?: number;
  /** Each notification waits for its answer as long as by default. */
  readonly hasDefaultAnswerTimeout?: true;
  readonly webhookSecret?: string;
  /** Differences from the default form of signatures. */
  readonly signing?: Partial<Signing>;
  readonly saved?: SavedState;
  readonly clock?: VirtualClock;
}

/** Starts a sandbox on a free port with a virtual clock and a webhook that records notifications. */
export async function startSandbox(options: Options = {}) {
  const { clock = new VirtualClock(), webhookAnswers, webhookSecret, signing, saved, ...others } = options;
  const { hasDefaultAnswerTimeout = false, ...settings } = others;
  const receiver = await startReceiver(webhookAnswers);
  addCleanup(receiver.close);
  const logged: Parameters<Log>[] = [];
  const signingDefaults = {
    clientSecret: CLIENT.client_secret,
    digest: 'hex',
    time: 'ms',
    headers: SIGNATURE_HEADERS,
  } as const;
  const sandbox = createSandbox(
    {
      credentials: { clientId: CLIENT.client_id, clientSecret: CLIENT.client_secret },
      webhook: {
        urls: [receiver.url],
        secret: webhookSecret ?? null,
        signing: signing ? { ...signingDefaults, ...signing } : null,
        ...(!hasDefaultAnswerTimeout && { answerTimeoutMs: webhookAnswers === 0 ? 100 : 20_000 }),
      },
      tokenLifetimeSeconds: 86_400,
      createAnswer: null,
      publicUrl: null,
      seed: null,
      scenario: null,
      storySpeed: { speed: 1, longestWaitMs: null },
      ...settings,
    },
    clock,
    (...line) => logged.push(line),
    saved,
  );
  const base = await sandbox.app.listen({ host: '127.0.0.1', port: 0 });
  addCleanup(sandbox.close);

  async function call(method: string, path: string, { token, json, raw }: Call = {}) {
    const type = raw?.type ?? (json === undefined ? undefined : 'application/json');
    const answer = await fetch(base + path, {
      method,
      headers: { ...(type && { 'content-type': type }), ...(token && { authorization: `Bearer ${token}` }) },
      body: raw?.text ?? (json === undefined ? null : JSON.stringify(json)),
    });
    const bytes = Buffer.from(await answer.arrayBuffer());
    const isJson = answer.headers.get('content-type')?.startsWith('application/json') ?? false;
    const body: unknown = isJson ? JSON.parse(bytes.toString()) : null;
    return { status: answer.status, headers: answer.headers, bytes, body };
  }

  const mintClient = () => call('POST', '/auth/v1/admin/token', { json: { ...CLIENT, type: 'client' } });
  const mintAccess = (clientUserId: string) =>
    call('POST', '/auth/v1/connect/token', { json: { ...CLIENT, type: 'access', client_user_id: clientUserId } });
  const clientToken = async () => field(await mintClient(), 'client_token');
  const users = async (method: string, path = '', json?: unknown) =>
    call(method, `/admin/api/v1/users${path}`, { token: await clientToken(), json });

  /** Invites and returns the created person. */
  async function create(clientUserId: string, email: string, details: object = {}) {
    const { body } = await users('POST', '', { clientUserId, clientUserEmail: email, autoInvite: true, ...details });
    return (Array.isArray(body) ? body[0] : body) as { humanId: string; inviteLink: string };
  }

  return {
    sandbox,
    clock,
    receiver,
    logged,
    call,
    mintClient,
    mintAccess,
    clientToken,
    users,
    create,
    accessToken: async (clientUserId: string) => field(await mintAccess(clientUserId), 'access_token'),
    /** Invites and returns the humanId. */
    invite: async (clientUserId: string, email: string, details: object = {}) =>
      (await create(clientUserId, email, details)).humanId,
    /** The people of `/control/people`. */
    people: async () => (await call('GET', '/control/people')).body as Record<string, unknown>[],
    /** Advances the clock and waits for notifications in flight. */
    async advance(byMs: number): Promise<void> {
      clock.advance(byMs);
      await sandbox.idle();
    },
    /** The status or report type of each received notification, in the order of their dates. */
    notified: () => toNotices(receiver.received).map(({ value, type }) => value ?? type),
  };
}

/** A text field of an answer. Throws if it is missing. */
export function field({ body }: { body: unknown }, name: string): string {
  const value = (body as Record<string, unknown> | null)?.[name];
  if (typeof value !== 'string') throw new Error(`expected ${name} in the answer`);
  return value;
}

/** The general form of an error response. */
export const generalError = (code: number) => ({
  code,
  error: expect.any(String),
  message: expect.any(String),
  'x-humanapi-request-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
});

/** The validation form of an error response. */
export const validationError = (source: 'payload' | 'query', keys: readonly string[]) => ({
  statusCode: 400,
  error: 'Bad Request',
  message: expect.any(String),
  validation: { source, keys },
  'x-humanapi-request-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
});
