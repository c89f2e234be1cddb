import { getElement, setText } from './elements.mjs';

/**
 * @typedef {import('./exchange.mjs').Connection} Connection
 * @typedef {import('./exchange.mjs').Demand} Demand
 */

/**
 * Opens the sign-in of a provider. `signIn` throws an error with a message for the user if it fails.
 * @param {string} name
 * @param {(login: { user: string, password: string }) => Promise<void>} signIn
 */
export function openSignIn(name, signIn) {
  const dialog = getElement('#sign-in', HTMLDialogElement);
  const user = getElement('#user', HTMLInputElement, dialog);
  const password = getElement('#password', HTMLInputElement, dialog);
  setText(getElement('[data-name]', HTMLElement, dialog), name);
  user.value = '';
  password.value = '';
  openDialog(dialog, [user, password], async () => {
    if (user.value.trim() === '') throw inputError('Enter the user name.', user);
    if (password.value === '') throw inputError('Enter the password.', password);
    await signIn({ user: user.value.trim(), password: password.value });
  });
}

/**
 * Opens the demand of a provider. `complete` throws an error with a message for the user if it fails.
 * @param {string} name
 * @param {Demand} demand
 * @param {(answer: { consent: boolean, code: string }) => Promise<void>} complete
 */
export function openDemand(name, demand, complete) {
  const dialog = getElement('#demand', HTMLDialogElement);
  const consent = getElement('#consent', HTMLInputElement, dialog);
  const code = getElement('#code', HTMLInputElement, dialog);
  consent.checked = false;
  code.value = '';
  setText(getElement('#demand-title', HTMLElement), demand.title);
  setText(getElement('#demand-text', HTMLElement), `${name}: ${demand.text}`);
  getElement('#demand-consent', HTMLElement).hidden = demand.consent === null;
  setText(getElement('#demand-consent span', HTMLElement), demand.consent ?? '');
  getElement('#demand-code', HTMLElement).hidden = demand.code === null;
  setText(getElement('#code-hint code', HTMLElement), demand.code ?? '');
  openDialog(dialog, [consent, code], async () => {
    if (demand.consent !== null && !consent.checked) throw inputError('Check the box to continue.', consent);
    if (demand.code !== null && code.value.trim() === '') throw inputError('Enter the code.', code);
    await complete({ consent: consent.checked, code: code.value.trim() });
  });
}

/**
 * Asks for confirmation of an action.
 * @param {{ title: string, text: string, confirm: string }} texts
 * @param {() => Promise<void>} act
 */
export function openConfirmation({ title, text, confirm }, act) {
  const dialog = getElement('#confirm', HTMLDialogElement);
  setText(getElement('#confirm-title', HTMLElement), title);
  setText(getElement('#confirm-text', HTMLElement), text);
  setText(getElement('button[type=submit]', HTMLElement, dialog), confirm);
  openDialog(dialog, [], act);
}

/** Closes all dialogs. */
export function closeDialogs() {
  for (const dialog of document.querySelectorAll('dialog')) dialog.close();
}

/**
 * @param {string} message
 * @param {HTMLInputElement} input
 */
function inputError(message, input) {
  return Object.assign(new Error(message), { input });
}

/**
 * Shows a dialog. Shows the message of a failed submit in it and focuses the invalid input.
 * @param {HTMLDialogElement} dialog
 * @param {HTMLInputElement[]} inputs
 * @param {() => Promise<void>} submit
 */
function openDialog(dialog, inputs, submit) {
  const fault = getElement('.fault', HTMLElement, dialog);
  const button = getElement('button[type=submit]', HTMLButtonElement, dialog);
  const clear = () => {
    setText(fault, '');
    for (const input of inputs) input.removeAttribute('aria-invalid');
  };
  getElement('[data-close]', HTMLButtonElement, dialog).onclick = () => dialog.close();
  getElement('form', HTMLFormElement, dialog).onsubmit = async (event) => {
    event.preventDefault();
    // Prevents a second submit. `disabled` would remove the focus.
    if (button.getAttribute('aria-disabled') === 'true') return;
    clear();
    button.setAttribute('aria-disabled', 'true');
    try {
      await submit();
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      setText(fault, error.message);
      const input = 'input' in error && error.input instanceof HTMLInputElement ? error.input : inputs.find(isShown);
      input?.setAttribute('aria-invalid', 'true');
      input?.focus();
    } finally {
      button.removeAttribute('aria-disabled');
    }
  };
  clear();
  dialog.showModal();
}

/** @param {HTMLElement} element */
function isShown(element) {
  return element.offsetParent !== null;
}
