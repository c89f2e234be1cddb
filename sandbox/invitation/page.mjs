import { askToMeet, askToSignIn, askWhether, closeDialogs } from './dialogs.mjs';
import { the, write } from './elements.mjs';
import { act, Fault, readCase, readProviders } from './exchange.mjs';
import { search, showConnections, showResults, stateInWords } from './lists.mjs';
import { endingOf, sentenceOf, showStatus } from './status.mjs';

/**
 * @typedef {import('./exchange.mjs').Case} Case
 * @typedef {import('./exchange.mjs').Connection} Connection
 * @typedef {import('./exchange.mjs').Provider} Provider
 */

/** Quick enough to be called live, slow enough for a page that is left open all day. */
const LOOK_EVERY_MS = 1_000;

/** @type {Provider[]} */
let providers = [];
/** @type {Case | null} */
let known = null;
/** Goes up when the person does something: what was asked before is then out of date. */
let actions = 0;

/** @param {Case} told */
function show(told) {
  const before = known;
  known = told;
  the('#before', HTMLElement).hidden = true;
  the('#open', HTMLElement).hidden = told.phase !== 'open';
  if (told.phase === 'open') showOpen(told);
  else showOver(told);
  if (before) announce(before, told);
}

/** @param {Case} told */
function showOpen(told) {
  const { firstName, reference, playedBy, connections } = told;
  const greeting = firstName ? `Hello ${firstName}. ` : '';
  write(
    the('#asked', HTMLElement),
    `${greeting}The insurance carrier that handles your application asks to see your health records, to decide without medical exams and paperwork. You choose which providers share them. Your reference is ${reference}.`,
  );
  write(
    the('#script', HTMLElement),
    playedBy ? `The persona “${playedBy}” is answering this invitation by itself; your first action takes over.` : '',
  );
  showStatus(told);
  showConnections(connections, { resolve, disconnect });
  showFound();
  const isConnected = connections.some(({ state }) => state !== 'disconnected');
  the('#decline', HTMLElement).hidden = isConnected;
  the('#leave-connected', HTMLElement).hidden = !isConnected;
}

/** @param {Case} told */
function showOver({ phase, connections }) {
  const over = the('#over', HTMLElement);
  const isNew = over.hidden;
  const [title, text] = endingOf(phase, connections.length > 0);
  write(the('#over-title', HTMLElement), title);
  write(the('#over-text', HTMLElement), text);
  document.title = title;
  over.hidden = false;
  if (isNew) {
    closeDialogs();
    over.focus();
  }
}

function showFound() {
  if (!known) return;
  const query = the('#query', HTMLInputElement).value;
  const kind = the('input[name=kind]:checked', HTMLInputElement).value;
  const found = search(providers, query, kind);
  write(
    the('#found', HTMLElement),
    found.length === 0
      ? 'No provider fits. Try fewer letters, or another kind.'
      : `${found.length} ${found.length === 1 ? 'provider' : 'providers'}`,
  );
  showResults(found, known.connections, connect);
}

/**
 * Reads out what has changed by itself or by the person.
 * @param {Case} before
 * @param {Case} now
 */
function announce(before, now) {
  const changes = now.connections
    .filter(({ id, state }) => before.connections.find((other) => other.id === id)?.state !== state)
    .map((connection) => `${connection.name}: ${stateInWords(connection)}.`);
  if (before.status !== now.status && now.phase === 'open') changes.push(sentenceOf(now.status));
  if (changes.length > 0) write(the('#announcer', HTMLElement), changes.join(' '));
}

/** @param {Provider} provider */
function connect({ id, name }) {
  askToSignIn(name, async (login) => {
    await perform('connect', { providers: [id], ...login });
    closeDialogs();
    focusConnection(id);
  });
}

/** @param {Connection} connection */
function resolve({ id, name, demand }) {
  if (!demand) return;
  askToMeet(name, demand, async (answer) => {
    await perform('complete', { provider: id, ...answer });
    closeDialogs();
    focusConnection(id);
  });
}

/** @param {Connection} connection */
function disconnect({ id, name }) {
  askWhether(
    {
      title: `Disconnect ${name}?`,
      text: 'It shares nothing more from now on. What it has delivered stays with the insurance carrier.',
      yes: 'Disconnect',
    },
    async () => {
      await perform('disconnect', { provider: id });
      closeDialogs();
      the('#connections-title', HTMLElement).focus();
    },
  );
}

function decline() {
  askWhether(
    {
      title: 'Decline the request?',
      text: 'Nothing more is shared with the insurance carrier, and this invitation ends. This cannot be undone.',
      yes: 'Decline',
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
 * Does something as the applicant and shows what has become of it.
 * @param {Parameters<typeof act>[0]} action
 * @param {object} [details]
 */
async function perform(action, details) {
  actions += 1;
  const told = await act(action, details);
  actions += 1;
  show(told);
}

/** Looks again and again while the page is seen; what cannot be had is said once and tried again. */
async function follow() {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    if (document.hidden) continue;
    try {
      const asked = actions;
      const told = await readCase();
      if (asked === actions) show(told);
      write(the('#trouble', HTMLElement), '');
    } catch (error) {
      write(the('#trouble', HTMLElement), inWords(error));
    }
  }
}

/** @param {unknown} error */
function inWords(error) {
  if (!(error instanceof Fault)) throw error;
  return `${error.message} Trying again …`;
}

async function start() {
  the('#decline', HTMLElement).addEventListener('click', decline);
  the('#search', HTMLElement).addEventListener('input', showFound);
  the('#search', HTMLElement).addEventListener('submit', (event) => event.preventDefault());
  for (;;) {
    try {
      providers = await readProviders();
      const told = await readCase();
      if (told.phase === 'open') await perform('open');
      else show(told);
      break;
    } catch (error) {
      write(the('#before-text', HTMLElement), inWords(error));
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  }
  await follow();
}

start();
