/**
 * What the sandbox tells about this invitation.
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
 * @typedef {{ id: string, name: string, kind: string, place: string, alsoFoundAs: string, note: string | null, suggested: boolean }} Provider
 */

const HERE = location.pathname.replace(/\/$/, '');

/** Longer than any answer of a sandbox that is there at all. */
const TIMEOUT_MS = 10_000;

/** An answer that says no, in words for the person; or, with status 0, no answer. */
export class Fault extends Error {
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
 * Does something as the applicant; gives the case as it is afterwards.
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
  const told = await answer?.json().catch(() => null);
  if (!answer || !told) throw new Fault('The sandbox does not answer. Is it still running?', answer?.status ?? 0);
  if (!answer.ok) throw new Fault(told.message ?? 'That did not work.', answer.status);
  return told;
}
