/**
 * Why an answer that would decide about a person does not: a closed vocabulary, in words for operators. Human API puts an
 * `x-humanapi-request-id` into the body of each of its errors (vendor's OpenAPI); gateways and frameworks do not.
 */
export const UNDECIDED = {
  unidentified404:
    '404 without x-humanapi-request-id, as a gateway may answer: set HUMAN_API_ENVELOPES=lenient if this upstream leaves it out',
  unidentified400:
    '400 without x-humanapi-request-id, as a gateway may answer: set HUMAN_API_ENVELOPES=lenient if this upstream leaves it out',
  foreign404: "404 in no form of Human API's: check HUMAN_API_ADMIN_URL and what lies between here and there",
  lookUpUnsupported:
    'the look-up GET /api/v1/users?clientUserId= is refused, or its list holds other people only: ask Human API to support it (docs/real-human-api.md)',
  unconfirmedDeletion:
    "a deletion was answered in no form of Human API's, and no look-up confirms it: check HUMAN_API_ADMIN_URL and what lies between here and there",
} as const;
