import { getElement, setText } from './elements.mjs';

/** @typedef {import('./exchange.mjs').Case} Case */

/**
 * The step (1 to 4), mood, headline and text of each status.
 * @type {Record<string, [number, 'calm' | 'busy' | 'good' | 'warning', string, string]>}
 */
const STATUSES = {
  invited: [1, 'calm', 'You are invited.', 'Nothing has been shared.'],
  engaged: [2, 'calm', 'Your invitation is open.', 'Nothing is shared until you connect a provider.'],
  'attn required': [3, 'warning', 'A provider needs something from you.', 'Its records wait until that is done.'],
  syncing: [3, 'busy', 'Your records are being retrieved.', 'You can close this page; this continues without it.'],
  'some synced': [3, 'busy', 'Some of your records have arrived.', 'Others are still missing.'],
  'all synced': [4, 'good', 'All of your records have arrived.', 'There is nothing more to do.'],
  disconnected: [
    2,
    'warning',
    'No provider is connected.',
    'The carrier keeps the records that were delivered before.',
  ],
  error: [3, 'warning', 'Your records could not be retrieved.', 'You can try another provider.'],
};

/** @param {string} status */
function describeStatus(status) {
  return STATUSES[status.toLowerCase()] ?? [2, 'calm', 'Something has changed.', 'See the status below.'];
}

/**
 * The text of a status for screen readers.
 * @param {string} status
 */
export function statusSentence(status) {
  const [, , headline, text] = describeStatus(status);
  return `${headline} ${text}`;
}

/**
 * Title and text of a closed invitation.
 * @param {Case['phase']} phase
 * @param {boolean} hasShared
 * @returns {[string, string]}
 */
export function describeEnd(phase, hasShared) {
  if (phase === 'declined') {
    const text = hasShared
      ? 'Nothing more is shared with the insurance carrier. It keeps the records that it received before.'
      : 'Nothing is shared with the insurance carrier.';
    return ['You have declined', text];
  }
  if (hasShared) return ['Thank you', 'Your invitation is closed and no more records are collected.'];
  return ['This invitation is closed', 'The insurance carrier no longer needs your records.'];
}

/** @param {Case} invitation */
export function showStatus({ status }) {
  const [reached, mood, headline, text] = describeStatus(status);
  setText(getElement('#status-headline', HTMLElement), headline);
  setText(getElement('#status-text', HTMLElement), text);
  setText(getElement('#status-code', HTMLElement), status);
  getElement('#status', HTMLElement).dataset['mood'] = mood;
  const steps = [...getElement('#steps', HTMLElement).children];
  steps.forEach((step, at) => {
    const isDone = at < reached - 1 || reached === steps.length;
    step.classList.toggle('past', isDone);
    if (at === reached - 1) step.setAttribute('aria-current', 'step');
    else step.removeAttribute('aria-current');
  });
}
