import { isRecord, parseJson } from './json';

/**
 * What came with a 4xx or 5xx. Only an `enveloped` one can be upstream's own word, and a gateway's default error may have the same form;
 * `similar` lacks one of its texts; `html` is a proxy's. Free text is never kept.
 */
export interface ErrorBody {
  readonly kind: 'enveloped' | 'similar' | 'empty' | 'html' | 'other';
  /** Upstream's `x-humanapi-request-id` where the body holds a well-formed one: the vendor's support asks for it, and only upstream has one. */
  readonly requestId: string | null;
  /** The offending field names of a validation. */
  readonly keys: readonly string[];
}

/** An envelope is a few hundred bytes; the rest of a proxy's page is not worth reading. */
export const MAX_ENVELOPE_BYTES = 64 * 1024;
/** More names than a create has fields say nothing more. */
const MAX_KEYS = 20;
/** The fields that we send, and where in a list: any other word, however it is spelt, could be a person's name or date. */
const FIELD_PATH =
  /^(?:clientUserId|clientUserEmail|autoInvite|firstName|lastName|dateOfBirth|suggestedSources|client_id|client_secret|client_user_id|type)(?:\.\d{1,3}|\[\d{1,3}\])?$/;
/** A UUID (vendor's OpenAPI), with or without its dashes: no name, date or telephone number looks like it. */
const REQUEST_ID = /^[0-9a-f]{8}(-?)[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{12}$/i;

/**
 * Reads the body of an error answer. Both envelopes are known (vendor's OpenAPI): `{code, error, message}` and
 * `{statusCode, error, message, validation: {keys}}`, each with `x-humanapi-request-id`.
 */
export function readErrorBody(contentType: string, bytes: Buffer): ErrorBody {
  const body = parseJson(bytes);
  if (isRecord(body)) {
    const requestId = parseRequestId(body['x-humanapi-request-id']);
    return { kind: bodyKind(body, requestId), requestId, keys: fieldPaths(body['validation']) };
  }
  const start = bytes.toString('latin1', 0, 1_000).trimStart();
  const kind = start === '' ? 'empty' : start.startsWith('<') || /html/i.test(contentType) ? 'html' : 'other';
  return { kind, requestId: null, keys: [] };
}

/** The error that came with a status of success; null for any other answer. */
export function findErrorInSuccess(bytes: Buffer): ErrorBody | null {
  if (bytes.length > MAX_ENVELOPE_BYTES) return null;
  const refusal = readErrorBody('', bytes);
  return refusal.kind === 'enveloped' ? refusal : null;
}

/** A well-formed `x-humanapi-request-id`; null for anything else. */
export function parseRequestId(value: unknown): string | null {
  return typeof value === 'string' && REQUEST_ID.test(value) ? value : null;
}

/** Without an id both texts are needed: `{code, message}` and `{statusCode, message}` are what gateways answer by default. */
function bodyKind(body: Record<string, unknown>, requestId: string | null): 'enveloped' | 'similar' | 'other' {
  const code = body['code'] ?? body['statusCode'];
  const hasCode = typeof code === 'number' || (typeof code === 'string' && code !== '');
  const texts = [body['error'], body['message']].filter((text) => typeof text === 'string').length;
  if (!hasCode || texts === 0) return 'other';
  return texts === 2 || requestId !== null ? 'enveloped' : 'similar';
}

function fieldPaths(validation: unknown): string[] {
  const keys = isRecord(validation) ? validation['keys'] : null;
  const listed: unknown[] = Array.isArray(keys) ? keys.slice(0, MAX_KEYS) : [];
  return listed.filter((key): key is string => typeof key === 'string' && FIELD_PATH.test(key));
}
