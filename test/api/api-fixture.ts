import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Payload } from '@temporalio/common';
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify';
import { ROLES, type Role } from '../../src/api/keys';
import { createApi } from '../../src/api/server';
import type { ApiSettings } from '../../src/api/settings';
import { openAudit } from '../../src/observability/audit';
import { createLogger } from '../../src/observability/log';
import { createRegistry } from '../../src/observability/metrics';
import { drain, listen } from '../../src/process/listening';
import { createPayloadCodec } from '../../src/temporal/codec';
import { generateKey } from '../../src/temporal/key-ring';
import type { UseCases } from '../../src/use-cases/use-cases';
import { keyRingOf } from '../support/keys';
import { createContractCheck } from './contract-check';
import { fakeUseCases } from './fake-use-cases';

/** The smallest body of a start. */
export const START = { clientUserId: 'POL-1', clientUserEmail: 'ada@example.org' };
export const UI = 'http://127.0.0.1:8233';
export const KEYS = Object.fromEntries(ROLES.map((role) => [role, `key-of-${role}-0123456789abcdef`])) as Record<
  Role,
  string
>;
const ring = keyRingOf(generateKey('main'));
const NAMESPACE = 'default';
/** The same for every api. */
let contractCheck: ReturnType<typeof createContractCheck> | undefined;

/**
 * The api on a free port, with one key per role, the codec endpoint on and fake use cases. `call` and `app.inject` compare each answer with the OpenAPI
 * file.
 */
export async function startApi(
  options: {
    settings?: Partial<ApiSettings>;
    senderTimeoutMs?: number;
    renewalEveryMs?: number;
    nowMs?: () => number;
    useCases?: UseCases;
    isTemporalReady?: () => Promise<boolean>;
  } = {},
) {
  const folder = await mkdtemp(join(tmpdir(), 'chartway-api-'));
  const audit = await openAudit({ folder, process: 'api' });
  const lines: string[] = [];
  const settings: ApiSettings = {
    host: '127.0.0.1',
    port: 0,
    origins: [],
    tls: null,
    trustedProxies: [],
    codec: 'on',
    uiOrigins: [UI],
    oneTimeSessions: false,
    keys: ROLES.map((role) => ({ name: `${role}-1`, roles: [role], hash: sha256(KEYS[role]) })),
    ...options.settings,
  };
  const { senderTimeoutMs, renewalEveryMs, nowMs } = options;
  const registry = createRegistry('api');
  const fake = fakeUseCases();
  const app = await createApi({
    settings,
    useCases: options.useCases ?? fake.useCases,
    readiness: { isStoreReady: () => true, isTemporalReady: options.isTemporalReady ?? (async () => true) },
    ring,
    namespace: NAMESPACE,
    audit,
    registry,
    log: createLogger({ process: 'api', level: 'info' }, { write: (line: string) => void lines.push(line) }),
    ...(senderTimeoutMs !== undefined && { senderTimeoutMs }),
    ...(renewalEveryMs !== undefined && { renewalEveryMs }),
    ...(nowMs && { nowMs }),
  });
  const url = await listen(app.server, settings);
  contractCheck ??= createContractCheck(app.swagger() as Record<string, unknown>);
  const check = contractCheck;
  checkInjected(app, check);
  /** A request with the key of a role, or with `headers`. The answer is read and compared with the OpenAPI file. */
  async function call(
    method: string,
    path: string,
    request: { role?: Role; body?: unknown; headers?: Record<string, string> } = {},
  ) {
    const { role, body, headers = {} } = request;
    const answer = await fetch(`${url}${path}`, {
      method,
      headers: {
        ...(role && { authorization: `Bearer ${KEYS[role]}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    const { status } = answer;
    const answered = { status, headers: Object.fromEntries(answer.headers), text };
    check({ method, path, status, headers: answered.headers, body: text });
    const isJson = text !== '' && /json/.test(answered.headers['content-type'] ?? '');
    return { ...answered, json: isJson ? (JSON.parse(text) as Record<string, unknown>) : {} };
  }

  return {
    app,
    calls: fake.calls,
    answers: fake.answers,
    reset: fake.reset,
    /** Compares an answer with the OpenAPI file. */
    check,
    call,
    /** POST /applicants. */
    start: (body: unknown, headers: Record<string, string> = {}) =>
      call('POST', '/api/v1/applicants', { role: 'intake', body, headers }),
    settings,
    url,
    registry,
    audit,
    lines,
    audited: () => auditEntries(folder),
    close: async () => {
      app.server.closeAllConnections();
      await drain(app.server);
      await app.close();
      await audit.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** The lines of the audit log in a folder. */
export async function auditEntries(folder: string): Promise<readonly Record<string, unknown>[]> {
  const files = (await readdir(folder)).sort();
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')));
  const lines = texts.join('').split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

function checkInjected(app: FastifyInstance, check: ReturnType<typeof createContractCheck>): void {
  const inject = app.inject.bind(app) as (request: InjectOptions) => Promise<LightMyRequestResponse>;
  app.inject = (async (request: InjectOptions | string) => {
    const options = typeof request === 'string' ? { url: request } : request;
    const answer = await inject(options);
    const headers = Object.fromEntries(Object.entries(answer.headers).map(([name, value]) => [name, String(value)]));
    const { statusCode: status, body } = answer;
    check({ method: options.method ?? 'GET', path: String(options.url), status, headers, body });
    return answer;
  }) as typeof app.inject;
}

/** A payload that a worker encrypted, in the JSON of a remote codec. */
export async function encrypted(value: unknown, workflowId: string, keys = ring, namespace = NAMESPACE) {
  const codec = createPayloadCodec(keys, namespace);
  const context = { type: 'workflow', namespace, workflowId } as never;
  const [payload] = await codec.encode([plain(value)], context);
  return wire(payload ?? fail());
}

export function plain(value: unknown): Payload {
  return { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from(JSON.stringify(value)) };
}

export function wire({ metadata, data }: Payload) {
  const texts = Object.entries(metadata ?? {}).map(([key, bytes]) => [key, Buffer.from(bytes).toString('base64')]);
  return {
    metadata: Object.fromEntries(texts) as Record<string, string>,
    data: Buffer.from(data ?? []).toString('base64'),
  };
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function fail(): never {
  throw new Error('expected a value');
}
