import { closeDialogs, openConfirmation, openDemand, openSignIn } from './dialogs.mjs';
import { getElement, setText } from './elements.mjs';
import { act, RequestError, readCase, readProviders } from './exchange.mjs';
import { describeState, search, showConnections, showProviders } from './lists.mjs';
import { describeEnd, showStatus, statusSentence } from './status.mjs';

/**
 * @typedef {import('./exchange.mjs').Case} Case
 * @typedef {import('./exchange.mjs').Connection} Connection
 * @typedef {import('./exchange.mjs').Provider} Provider
 */

const POLL_MS = 1_000;

/** @type {Provider[]} */
let providers = [];
/** @type {Case | null} */
let current = null;
/** Increases with each action: an answer to an earlier poll is then outdated. */
let actionCount = 0;

/** @param {Case} invitation */
function render(invitation) {
  const before = current;
  current = invitation;
  getElement('#before', HTMLElement).hidden = true;
  getElement('#open', HTMLElement).hidden = invitation.phase !== 'open';
  if (invitation.phase === 'open') renderOpen(invitation);
  else renderClosed(invitation);
  if (before) announce(before, invitation);
}

/** @param {Case} invitation */
function renderOpen(invitation) {
  const { firstName, reference, playedBy, connections } = invitation;
  const greeting = firstName ? `Hello ${firstName}. ` : '';
  setText(
    getElement('#asked', HTMLElement),
    `${greeting}The insurance carrier of your application asks for your health records, so that it can decide without medical exams and paperwork. You choose the providers that share them. Your reference is ${reference}.`,
  );
  setText(
    getElement('#script', HTMLElement),
    playedBy ? `The persona “${playedBy}” answers this invitation until your first action.` : '',
  );
  showStatus(invitation);
  showConnections(connections, { resolve, disconnect });
  renderResults();
  const isConnected = connections.some(({ state }) => state !== 'disconnected');
  getElement('#decline', HTMLElement).hidden = isConnected;
  getElement('#leave-connected', HTMLElement).hidden = !isConnected;
}

/** @param {Case} invitation */
function renderClosed({ phase, connections }) {
  const closed = getElement('#closed', HTMLElement);
  const isNew = closed.hidden;
  const [title, text] = describeEnd(phase, connections.length > 0);
  setText(getElement('#closed-title', HTMLElement), title);
  setText(getElement('#closed-text', HTMLElement), text);
  document.title = title;
  closed.hidden = false;
  if (isNew) {
    closeDialogs();
    closed.focus();
  }
}

function renderResults() {
  if (!current) return;
  const query = getElement('#query', HTMLInputElement).value;
  const kind = getElement('input[name=kind]:checked', HTMLInputElement).value;
  const results = search(providers, query, kind);
  setText(
    getElement('#found', HTMLElement),
    results.length === 0
      ? 'No provider matches. Try fewer letters or another kind.'
      : `${results.length} ${results.length === 1 ? 'provider' : 'providers'}`,
  );
  showProviders(results, current.connections, connect);
}

/**
 * Announces changes to screen readers.
 * @param {Case} before
 * @param {Case} now
 */
function announce(before, now) {
  const changes = now.connections
    .filter(({ id, state }) => before.connections.find((other) => other.id === id)?.state !== state)
    .map((connection) => `${connection.name}: ${describeState(connection)}.`);
  if (before.status !== now.status && now.phase === 'open') changes.push(statusSentence(now.status));
  if (changes.length > 0) setText(getElement('#announcer', HTMLElement), changes.join(' '));
}

/** @param {Provider} provider */
function connect({ id, name }) {
  openSignIn(name, async (login) => {
    await perform('connect', { providers: [id], ...login });
    closeDialogs();
    focusConnection(id);
  });
}

/** @param {Connection} connection */
function resolve({ id, name, demand }) {
  if (!demand) return;
  openDemand(name, demand, async (answer) => {
    await perform('complete', { provider: id, ...answer });
    closeDialogs();
    focusConnection(id);
  });
}

/** @param {Connection} connection */
function disconnect({ id, name }) {
  openConfirmation(
    {
      title: `Disconnect ${name}?`,
      text: 'It shares no more records. The insurance carrier keeps the records that it has delivered.',
      confirm: 'Disconnect',
    },
    async () => {
      await perform('disconnect', { provider: id });
      closeDialogs();
      getElement('#connections-title', HTMLElement).focus();
    },
  );
}

function decline() {
  openConfirmation(
    {
      title: 'Decline the request?',
      text: 'Nothing more is shared with the insurance carrier, and this invitation ends. You cannot undo this.',
      confirm: 'Decline',
    },
    () => perform('decline'),
  );
}

/** @param {string} id */
function focusConnection(id) {
  const row = document.querySelector(`#connections [data-id="${id}"]`);
  if (row instanceof HTMLElement) row.focus();
}

/**
 * Performs an action of the applicant and shows the result.
 * @param {Parameters<typeof act>[0]} action
 * @param {object} [details]
 */
async function perform(action, details) {
  actionCount += 1;
  const invitation = await act(action, details);
  actionCount += 1;
  render(invitation);
}

/** Polls while the page is visible. Shows a failure and tries again. */
async function follow() {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    if (document.hidden) continue;
    try {
      const countBefore = actionCount;
      const invitation = await readCase();
      if (countBefore === actionCount) render(invitation);
      setText(getElement('#trouble', HTMLElement), '');
    } catch (error) {
      setText(getElement('#trouble', HTMLElement), describeError(error));
    }
  }
}

/** @param {unknown} error */
function describeError(error) {
  if (!(error instanceof RequestError)) throw error;
  return `${error.message} Trying again …`;
}

async function start() {
  getElement('#decline', HTMLElement).addEventListener('click', decline);
  getElement('#search', HTMLElement).addEventListener('input', renderResults);
  getElement('#search', HTMLElement).addEventListener('submit', (event) => event.preventDefault());
  for (;;) {
    try {
      providers = await readProviders();
      const invitation = await readCase();
      if (invitation.phase === 'open') await perform('open');
      else render(invitation);
      break;
    } catch (error) {
      setText(getElement('#before-text', HTMLElement), describeError(error));
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
  await follow();
}

start();
