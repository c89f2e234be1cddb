import { isRecord, parseJson } from './json';

/**
 * The body of a 4xx or 5xx, without its free text. Only `enveloped` can be from Human API, but a gateway's default error may have the same form.
 * `similar`: an envelope without one of its texts; `html`: a proxy's page.
 */
export interface ErrorBody {
  readonly kind: 'enveloped' | 'similar' | 'empty' | 'html' | 'other';
  /** A well-formed `x-humanapi-request-id`, which only Human API sends; the vendor's support asks for it. */
  readonly requestId: string | null;
  /** The invalid fields of a validation error. */
  readonly keys: readonly string[];
}

/** An envelope has a few hundred bytes. The rest of a proxy's page is useless. */
export const MAX_ENVELOPE_BYTES = 64 * 1024;
const MAX_KEYS = 20;
/** The fields that we send, possibly with an index. Any other word could be a name or a date of a person. */
const FIELD_PATH =
  /^(?:clientUserId|clientUserEmail|autoInvite|firstName|lastName|dateOfBirth|suggestedSources|client_id|client_secret|client_user_id|type)(?:\.\d{1,3}|\[\d{1,3}\])?$/;
/** A UUID (vendor's OpenAPI), with or without dashes: no name, date or telephone number has this form. */
const REQUEST_ID = /^[0-9a-f]{8}(-?)[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{12}$/i;

/**
 * Reads the body of an error. There are two envelopes (vendor's OpenAPI): `{code, error, message}` and
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

/** The error in an answer with a success status; null if it holds none. */
export function findErrorInSuccess(bytes: Buffer): ErrorBody | null {
  if (bytes.length > MAX_ENVELOPE_BYTES) return null;
  const body = readErrorBody('', bytes);
  return body.kind === 'enveloped' ? body : null;
}

/** Returns a well-formed `x-humanapi-request-id`, null for anything else. */
export function parseRequestId(value: unknown): string | null {
  return typeof value === 'string' && REQUEST_ID.test(value) ? value : null;
}

/** Default errors of gateways are `{code, message}` and `{statusCode, message}`, so without a request id both texts are required. */
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
