import { the, write } from './elements.mjs';

/** @typedef {import('./exchange.mjs').Case} Case */

/**
 * What each status means to the person: how many of the four steps are behind them, in which mood, in which words.
 * @type {Record<string, [number, 'calm' | 'busy' | 'good' | 'warning', string, string]>}
 */
const STATUSES = {
  invited: [1, 'calm', 'You are invited.', 'Nothing has been shared.'],
  engaged: [2, 'calm', 'Your invitation is open.', 'Nothing is shared until you connect a provider.'],
  'attn required': [3, 'warning', 'A provider needs something from you.', 'Its records wait until that is done.'],
  syncing: [3, 'busy', 'Your records are on their way.', 'You can close this page; they come without it.'],
  'some synced': [3, 'busy', 'Some of your records have arrived.', 'Others are still missing.'],
  'all synced': [4, 'good', 'All of your records have arrived.', 'There is nothing more to do.'],
  disconnected: [
    2,
    'warning',
    'No provider is connected any more.',
    'What was delivered before stays with the carrier.',
  ],
  error: [3, 'warning', 'Your records could not be retrieved.', 'You can try another provider.'],
};

/** @param {string} status */
function meaningOf(status) {
  return STATUSES[status.toLowerCase()] ?? [2, 'calm', 'Something has changed.', 'See the status below.'];
}

/**
 * The sentence about a status, to be read out.
 * @param {string} status
 */
export function sentenceOf(status) {
  const [, , headline, text] = meaningOf(status);
  return `${headline} ${text}`;
}

/**
 * Title and text of an invitation that is over.
 * @param {Case['phase']} phase
 * @param {boolean} anythingShared
 * @returns {[string, string]}
 */
export function endingOf(phase, anythingShared) {
  if (phase === 'declined') {
    const shared = anythingShared
      ? 'Nothing more is shared with the insurance carrier; it keeps what it had received before.'
      : 'Nothing is shared with the insurance carrier, and nobody asks you again through this invitation.';
    return ['You have declined', `That is perfectly fine. ${shared}`];
  }
  if (anythingShared) return ['Thank you, this is done', 'Your invitation is closed, and nothing more is collected.'];
  return ['This invitation is closed', 'The insurance carrier no longer needs your records, and nothing is collected.'];
}

/** @param {Case} told */
export function showStatus({ status }) {
  const [reached, mood, headline, text] = meaningOf(status);
  write(the('#status-headline', HTMLElement), headline);
  write(the('#status-text', HTMLElement), text);
  write(the('#status-code', HTMLElement), status);
  the('#status', HTMLElement).dataset['mood'] = mood;
  const steps = [...the('#steps', HTMLElement).children];
  steps.forEach((step, at) => {
    const isDone = at < reached - 1 || reached === steps.length;
    step.classList.toggle('past', isDone);
    if (at === reached - 1) step.setAttribute('aria-current', 'step');
    else step.removeAttribute('aria-current');
  });
}
