import { getElement, renderList, setText } from './elements.mjs';

/** @typedef {{ id: string, reference: string, status: string, persona: string, isClosed: boolean, invitedAt: string, link: string }} Letter */

const POLL_MS = 2_000;

/** @param {Letter[]} letters */
function showLetters(letters) {
  getElement('#no-letters', HTMLElement).hidden = letters.length > 0;
  renderList(
    getElement('#letters', HTMLElement),
    '#letter',
    letters,
    (row, { reference, status, persona, isClosed, invitedAt, link }) => {
      const anchor = getElement('[data-link]', HTMLAnchorElement, row);
      anchor.setAttribute('href', link);
      setText(anchor, reference);
      const at = new Date(invitedAt).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
      setText(getElement('[data-about]', HTMLElement, row), `Persona ${persona}, invited ${at}`);
      setText(getElement('[data-status]', HTMLElement, row), isClosed ? `${status}, closed` : status);
    },
  );
}

for (;;) {
  try {
    const answer = await fetch('/invitation/outbox');
    showLetters(await answer.json());
    setText(getElement('#trouble', HTMLElement), '');
  } catch {
    setText(getElement('#trouble', HTMLElement), 'The sandbox does not answer. Is it still running? Trying again …');
  }
  await new Promise((resolve) => setTimeout(resolve, POLL_MS));
}
