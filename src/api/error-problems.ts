import { KeyMissing } from '../domain/encryption';
import { AuditUnavailable } from '../observability/audit';
import { AlteredDocument, NoSuchDocument, StoreError } from '../report-store/errors';
import {
  BatchEnded,
  DetailsConflict,
  InvalidInput,
  KeyReused,
  NotFound,
  NotNow,
  PreconditionFailed,
  PreconditionRequired,
  TooLarge,
  Unavailable,
} from '../use-cases/errors';
import { noRouteProblem, Problem, type Slug, unreadableProblem } from './problem';

/** Long enough for a restart of a process or a short fail-over. */
const RETRY_AFTER_S = 5;

const UNAVAILABLE: Readonly<Record<Unavailable['what'], Slug>> = {
  temporal: 'temporal-unavailable',
  worker: 'no-worker',
  store: 'store-unavailable',
  audit: 'audit-unavailable',
};

/** By Fastify's status: its own text may quote the body. */
const BY_STATUS: Readonly<Record<number, () => Problem>> = {
  404: noRouteProblem,
  413: () => new Problem('too-large', 'expected a smaller body'),
  415: () => new Problem('unsupported-media-type', 'expected a body of the type application/json'),
};

/** The problem of an error; null if the error is unexpected. `isRead`: the request could change nothing. */
export function problemOf(error: unknown, isRead: boolean): Problem | null {
  if (error instanceof Problem) return error;
  return useCaseProblem(error) ?? storeProblem(error, isRead) ?? fastifyProblem(error);
}

function useCaseProblem(error: unknown): Problem | null {
  if (error instanceof NotFound) return new Problem('not-found', 'expected a known applicant or document');
  if (error instanceof DetailsConflict) {
    const { message, differs, current } = error;
    return new Problem('details-conflict', message, { differs, current });
  }
  if (error instanceof NotNow) {
    const { message, why, current, actions } = error;
    return new Problem('not-now', message, { why, current, actions });
  }
  if (error instanceof BatchEnded)
    return new Problem('not-now', error.message, { why: 'ended', current: error.current, actions: null });
  if (error instanceof KeyReused) return new Problem('key-reused', error.message);
  if (error instanceof TooLarge) return new Problem('too-large', error.message);
  if (error instanceof PreconditionFailed) {
    return new Problem('precondition-failed', error.message, { current: error.current });
  }
  if (error instanceof PreconditionRequired) {
    return new Problem('precondition-required', 'expected If-Match with the ETag of the closed applicant');
  }
  if (error instanceof InvalidInput) {
    const slug = error.part === 'body' ? 'invalid' : 'invalid-parameter';
    return new Problem(slug, error.message, { errors: error.errors });
  }
  if (error instanceof Unavailable) return unavailableProblem(UNAVAILABLE[error.what], error.message, error.done);
  if (error instanceof AuditUnavailable) {
    return unavailableProblem('audit-unavailable', 'the audit log cannot be written, so nothing was done', 'nothing');
  }
  return null;
}

function storeProblem(error: unknown, isRead: boolean): Problem | null {
  if (error instanceof AlteredDocument)
    return new Problem('altered-document', 'expected the bytes that the manifest lists; nothing was returned');
  if (error instanceof NoSuchDocument) return new Problem('not-found', 'expected a document that the manifest lists');
  if (error instanceof KeyMissing) {
    return unavailableProblem('store-unavailable', 'a key that PAYLOAD_KEYS does not list is missing', 'nothing');
  }
  const done = isRead ? 'nothing' : 'unknown';
  // Its message has names of files.
  return error instanceof StoreError ? unavailableProblem('store-unavailable', 'the report store failed', done) : null;
}

function fastifyProblem(error: unknown): Problem | null {
  const { statusCode } = error as { statusCode?: unknown };
  if (typeof statusCode !== 'number' || statusCode < 400 || statusCode >= 500) return null;
  return (BY_STATUS[statusCode] ?? unreadableProblem)();
}

/** A 503: the same request can be repeated. */
export function unavailableProblem(slug: Slug, detail: string, done: 'nothing' | 'unknown'): Problem {
  return new Problem(slug, detail, { done, repeat: 'safe' }, { 'Retry-After': String(RETRY_AFTER_S) });
}
