import { show, the, write } from './elements.mjs';

/**
 * @typedef {import('./exchange.mjs').Case} Case
 * @typedef {import('./exchange.mjs').Connection} Connection
 * @typedef {import('./exchange.mjs').Provider} Provider
 */

/**
 * The providers that the person has to do with.
 * @param {readonly Connection[]} connections
 * @param {{ resolve: (connection: Connection) => void, disconnect: (connection: Connection) => void }} actions
 */
export function showConnections(connections, actions) {
  the('#no-connections', HTMLElement).hidden = connections.length > 0;
  show(the('#connections', HTMLElement), '#connection', connections, (row, connection) => {
    const { name, kind, state } = connection;
    label(row, name, kind);
    row.dataset['state'] = state;
    write(the('[data-state]', HTMLElement, row), stateInWords(connection));
    button(row, '[data-demand]', `Resolve: ${name}`, state === 'action', () => actions.resolve(connection));
    button(row, '[data-disconnect]', `Disconnect ${name}`, state !== 'disconnected', () =>
      actions.disconnect(connection),
    );
  });
}

/**
 * What one connection is doing, in words.
 * @param {Connection} connection
 */
export function stateInWords({ state, reports, demand }) {
  const came = `${reports} ${reports === 1 ? 'report' : 'reports'}`;
  switch (state) {
    case 'action':
      return `Action required: ${demand?.title ?? 'the provider waits for you'}`;
    case 'retrieving':
      return 'Connected, retrieving your records …';
    case 'delivered':
      return `Connected, ${came} delivered`;
    case 'disconnected':
      return `Disconnected, ${came} delivered before`;
  }
}

/**
 * The providers that fit a search.
 * @param {readonly Provider[]} providers
 * @param {readonly Connection[]} connections
 * @param {(provider: Provider) => void} connect
 */
export function showResults(providers, connections, connect) {
  const taken = new Set(connections.filter(({ state }) => state !== 'disconnected').map(({ id }) => id));
  show(the('#results', HTMLElement), '#result', providers, (row, provider) => {
    const { id, name, kind, place, note, suggested } = provider;
    label(row, name, kind);
    write(the('[data-place]', HTMLElement, row), place);
    the('[data-suggested]', HTMLElement, row).hidden = !suggested;
    const noteLine = the('[data-note]', HTMLElement, row);
    noteLine.hidden = note === null;
    write(noteLine, note ?? '');
    button(row, '[data-connect]', `Connect ${name}`, !taken.has(id), () => connect(provider));
    the('[data-connected]', HTMLElement, row).hidden = !taken.has(id);
  });
}

/**
 * Every word of the query must begin a word of what is known of the provider; suggested ones come first.
 * @param {readonly Provider[]} providers
 * @param {string} query
 * @param {string} kind
 */
export function search(providers, query, kind) {
  const wanted = wordsOf(query);
  const fits = providers.filter((provider) => {
    const known = wordsOf(`${provider.name} ${provider.place} ${provider.kind} ${provider.alsoFoundAs}`);
    return (
      (kind === '' || provider.kind === kind) && wanted.every((word) => known.some((other) => other.startsWith(word)))
    );
  });
  return [...fits.filter(({ suggested }) => suggested), ...fits.filter(({ suggested }) => !suggested)];
}

/** @param {string} text */
function wordsOf(text) {
  return text
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '');
}

/**
 * @param {HTMLElement} row
 * @param {string} name
 * @param {string} kind
 */
function label(row, name, kind) {
  write(the('[data-name]', HTMLElement, row), name);
  the('svg.kind use', SVGUseElement, row).setAttribute('href', `#icon-${kind}`);
}

/**
 * @param {HTMLElement} row
 * @param {string} selector
 * @param {string} label Read out instead of the short text, which is the same in every row.
 * @param {boolean} isOffered
 * @param {() => void} press
 */
function button(row, selector, label, isOffered, press) {
  const element = the(selector, HTMLButtonElement, row);
  element.setAttribute('aria-label', label);
  element.hidden = !isOffered;
  element.onclick = press;
}
