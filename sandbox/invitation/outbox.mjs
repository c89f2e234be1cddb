import { show, the, write } from './elements.mjs';

/** @typedef {{ id: string, reference: string, status: string, persona: string, isOver: boolean, invitedAt: string, link: string }} Letter */

/** Slower than the page of one person: whoever looks here is about to choose. */
const LOOK_EVERY_MS = 2_000;

/** @param {Letter[]} letters */
function showLetters(letters) {
  the('#nobody', HTMLElement).hidden = letters.length > 0;
  show(
    the('#letters', HTMLElement),
    '#letter',
    letters,
    (row, { reference, status, persona, isOver, invitedAt, link }) => {
      const anchor = the('[data-link]', HTMLAnchorElement, row);
      anchor.setAttribute('href', link);
      write(anchor, reference);
      const at = new Date(invitedAt).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
      write(the('[data-about]', HTMLElement, row), `Persona ${persona}, invited ${at}`);
      write(the('[data-status]', HTMLElement, row), isOver ? `${status}, closed` : status);
    },
  );
}

for (;;) {
  try {
    const answer = await fetch('/invitation/outbox');
    showLetters(await answer.json());
    write(the('#trouble', HTMLElement), '');
  } catch {
    write(the('#trouble', HTMLElement), 'The sandbox does not answer. Is it still running? Trying again …');
  }
  await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
}
