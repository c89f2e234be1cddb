/**
 * For operators: why an answer does not decide about a person. Human API puts an `x-humanapi-request-id` into the body of each error (vendor's
 * OpenAPI); gateways and frameworks do not.
 */
export const UNDECIDED = {
  unidentified404:
    '404 without x-humanapi-request-id, as a gateway may answer: set HUMAN_API_ENVELOPES=lenient if this upstream omits it',
  unidentified400:
    '400 without x-humanapi-request-id, as a gateway may answer: set HUMAN_API_ENVELOPES=lenient if this upstream omits it',
  foreign404: '404 that is not from Human API: check HUMAN_API_ADMIN_URL and any proxy on the way',
  lookUpUnsupported:
    'the look-up GET /api/v1/users?clientUserId= is rejected, or lists only other people: ask Human API to support it (docs/real-human-api.md)',
  unconfirmedDeletion:
    'the answer to a deletion is not from Human API, and no look-up confirms it: check HUMAN_API_ADMIN_URL and any proxy on the way',
} as const;
