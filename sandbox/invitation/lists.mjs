import { getElement, renderList, setText } from './elements.mjs';

/**
 * @typedef {import('./exchange.mjs').Case} Case
 * @typedef {import('./exchange.mjs').Connection} Connection
 * @typedef {import('./exchange.mjs').Provider} Provider
 */

/**
 * Shows connected and earlier providers.
 * @param {readonly Connection[]} connections
 * @param {{ resolve: (connection: Connection) => void, disconnect: (connection: Connection) => void }} actions
 */
export function showConnections(connections, actions) {
  getElement('#no-connections', HTMLElement).hidden = connections.length > 0;
  renderList(getElement('#connections', HTMLElement), '#connection', connections, (row, connection) => {
    const { name, kind, state } = connection;
    label(row, name, kind);
    row.dataset['state'] = state;
    setText(getElement('[data-state]', HTMLElement, row), describeState(connection));
    button(row, '[data-demand]', `Resolve: ${name}`, state === 'action', () => actions.resolve(connection));
    button(row, '[data-disconnect]', `Disconnect ${name}`, state !== 'disconnected', () =>
      actions.disconnect(connection),
    );
  });
}

/**
 * Describes the state of a connection.
 * @param {Connection} connection
 */
export function describeState({ state, reports, demand }) {
  const count = `${reports} ${reports === 1 ? 'report' : 'reports'}`;
  switch (state) {
    case 'action':
      return `Action required: ${demand?.title ?? 'the provider requires an action'}`;
    case 'retrieving':
      return 'Connected, retrieving your records …';
    case 'delivered':
      return `Connected, ${count} delivered`;
    case 'disconnected':
      return `Disconnected, ${count} delivered before`;
  }
}

/**
 * Shows the results of a search.
 * @param {readonly Provider[]} providers
 * @param {readonly Connection[]} connections
 * @param {(provider: Provider) => void} connect
 */
export function showProviders(providers, connections, connect) {
  const connected = new Set(connections.filter(({ state }) => state !== 'disconnected').map(({ id }) => id));
  renderList(getElement('#results', HTMLElement), '#result', providers, (row, provider) => {
    const { id, name, kind, location, note, suggested } = provider;
    label(row, name, kind);
    setText(getElement('[data-location]', HTMLElement, row), location);
    getElement('[data-suggested]', HTMLElement, row).hidden = !suggested;
    const noteLine = getElement('[data-note]', HTMLElement, row);
    noteLine.hidden = note === null;
    setText(noteLine, note ?? '');
    button(row, '[data-connect]', `Connect ${name}`, !connected.has(id), () => connect(provider));
    getElement('[data-connected]', HTMLElement, row).hidden = !connected.has(id);
  });
}

/**
 * A provider matches if all query words are prefixes of its words. Suggested providers come first.
 * @param {readonly Provider[]} providers
 * @param {string} query
 * @param {string} kind
 */
export function search(providers, query, kind) {
  const queryWords = splitWords(query);
  const matches = providers.filter((provider) => {
    const providerWords = splitWords(`${provider.name} ${provider.location} ${provider.kind} ${provider.alsoFoundAs}`);
    return (
      (kind === '' || provider.kind === kind) &&
      queryWords.every((prefix) => providerWords.some((word) => word.startsWith(prefix)))
    );
  });
  return [...matches.filter(({ suggested }) => suggested), ...matches.filter(({ suggested }) => !suggested)];
}

/** @param {string} text */
function splitWords(text) {
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
  setText(getElement('[data-name]', HTMLElement, row), name);
  getElement('svg.kind use', SVGUseElement, row).setAttribute('href', `#icon-${kind}`);
}

/**
 * @param {HTMLElement} row
 * @param {string} selector
 * @param {string} label Replaces the visible text for screen readers, because that text is the same in each row.
 * @param {boolean} isOffered
 * @param {() => void} press
 */
function button(row, selector, label, isOffered, press) {
  const element = getElement(selector, HTMLButtonElement, row);
  element.setAttribute('aria-label', label);
  element.hidden = !isOffered;
  element.onclick = press;
}
