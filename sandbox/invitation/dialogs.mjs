import { the, write } from './elements.mjs';

/**
 * @typedef {import('./exchange.mjs').Connection} Connection
 * @typedef {import('./exchange.mjs').Demand} Demand
 */

/**
 * Asks the person to sign in with a provider. `signIn` throws with the reason, in words, where that does not work.
 * @param {string} name
 * @param {(login: { user: string, password: string }) => Promise<void>} signIn
 */
export function askToSignIn(name, signIn) {
  const dialog = the('#sign-in', HTMLDialogElement);
  const user = the('#user', HTMLInputElement, dialog);
  const password = the('#password', HTMLInputElement, dialog);
  write(the('[data-name]', HTMLElement, dialog), name);
  user.value = '';
  password.value = '';
  open(dialog, [user, password], async () => {
    if (user.value.trim() === '') throw wrong('Enter the user name.', user);
    if (password.value === '') throw wrong('Enter the password.', password);
    await signIn({ user: user.value.trim(), password: password.value });
  });
}

/**
 * Asks the person for what a provider demands. `meet` throws with the reason, in words, where that does not work.
 * @param {string} name
 * @param {Demand} demand
 * @param {(answer: { consent: boolean, code: string }) => Promise<void>} meet
 */
export function askToMeet(name, demand, meet) {
  const dialog = the('#demand', HTMLDialogElement);
  const consent = the('#consent', HTMLInputElement, dialog);
  const code = the('#code', HTMLInputElement, dialog);
  consent.checked = false;
  code.value = '';
  write(the('#demand-title', HTMLElement), demand.title);
  write(the('#demand-text', HTMLElement), `${name}: ${demand.text}`);
  the('#demand-consent', HTMLElement).hidden = demand.consent === null;
  write(the('#demand-consent span', HTMLElement), demand.consent ?? '');
  the('#demand-code', HTMLElement).hidden = demand.code === null;
  write(the('#code-hint code', HTMLElement), demand.code ?? '');
  open(dialog, [consent, code], async () => {
    if (demand.consent !== null && !consent.checked) throw wrong('Tick the box to go on.', consent);
    if (demand.code !== null && code.value.trim() === '') throw wrong('Enter the code.', code);
    await meet({ consent: consent.checked, code: code.value.trim() });
  });
}

/**
 * Asks whether the person means it.
 * @param {{ title: string, text: string, yes: string }} words
 * @param {() => Promise<void>} act
 */
export function askWhether({ title, text, yes }, act) {
  const dialog = the('#confirm', HTMLDialogElement);
  write(the('#confirm-title', HTMLElement), title);
  write(the('#confirm-text', HTMLElement), text);
  write(the('button[type=submit]', HTMLElement, dialog), yes);
  open(dialog, [], act);
}

/** Closes whatever is open: there is nothing left to decide. */
export function closeDialogs() {
  for (const dialog of document.querySelectorAll('dialog')) dialog.close();
}

/**
 * @param {string} message
 * @param {HTMLInputElement} input
 */
function wrong(message, input) {
  return Object.assign(new Error(message), { input });
}

/**
 * Shows a dialog until its work is done or it is left; what the work throws is said in it, and the input at fault gets the focus.
 * @param {HTMLDialogElement} dialog
 * @param {HTMLInputElement[]} inputs
 * @param {() => Promise<void>} work
 */
function open(dialog, inputs, work) {
  const fault = the('.fault', HTMLElement, dialog);
  const submit = the('button[type=submit]', HTMLButtonElement, dialog);
  const clear = () => {
    write(fault, '');
    for (const input of inputs) input.removeAttribute('aria-invalid');
  };
  the('[data-close]', HTMLButtonElement, dialog).onclick = () => dialog.close();
  the('form', HTMLFormElement, dialog).onsubmit = async (event) => {
    event.preventDefault();
    // Enter twice is one answer. Not `disabled`: that would take the focus away.
    if (submit.getAttribute('aria-disabled') === 'true') return;
    clear();
    submit.setAttribute('aria-disabled', 'true');
    try {
      await work();
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      write(fault, error.message);
      const input = 'input' in error && error.input instanceof HTMLInputElement ? error.input : inputs.find(isShown);
      input?.setAttribute('aria-invalid', 'true');
      input?.focus();
    } finally {
      submit.removeAttribute('aria-disabled');
    }
  };
  clear();
  dialog.showModal();
}

/** @param {HTMLElement} element */
function isShown(element) {
  return element.offsetParent !== null;
}
