/**
 * The state of this invitation.
 * @typedef {{
 *   phase: 'open' | 'declined' | 'ended',
 *   firstName: string | null,
 *   reference: string,
 *   status: string,
 *   playedBy: string | null,
 *   connections: Connection[],
 * }} Case
 * @typedef {{ title: string, text: string, consent: string | null, code: string | null }} Demand
 * @typedef {{ id: string, name: string, kind: string, state: 'action' | 'retrieving' | 'delivered' | 'disconnected', reports: number, demand: Demand | null }} Connection
 * @typedef {{ id: string, name: string, kind: string, location: string, alsoFoundAs: string, note: string | null, suggested: boolean }} Provider
 */

const HERE = location.pathname.replace(/\/$/, '');

/** Longer than any answer of a running sandbox. */
const TIMEOUT_MS = 10_000;

/** An error response with a message for the user; status 0: no response. */
export class RequestError extends Error {
  /**
   * @param {string} message
   * @param {number} status
   */
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

/** @returns {Promise<Case>} */
export const readCase = () => exchange('/case');

/** @returns {Promise<Provider[]>} */
export const readProviders = () => exchange('/providers');

/**
 * Performs an action of the applicant and returns the state after it.
 * @param {'open' | 'connect' | 'complete' | 'disconnect' | 'decline'} action
 * @param {object} details
 * @returns {Promise<Case>}
 */
export const act = (action, details = {}) => exchange(`/${action}`, details);

/**
 * @param {string} path
 * @param {object} [body]
 */
async function exchange(path, body) {
  const options = body
    ? { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
    : {};
  const answer = await fetch(HERE + path, { ...options, signal: AbortSignal.timeout(TIMEOUT_MS) }).catch(() => null);
  const result = await answer?.json().catch(() => null);
  if (!answer || !result)
    throw new RequestError('The sandbox does not answer. Is it still running?', answer?.status ?? 0);
  if (!answer.ok) throw new RequestError(result.message ?? 'The request failed.', answer.status);
  return result;
}
