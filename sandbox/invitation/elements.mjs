/**
 * The element of a selector. Throws if it does not exist.
 * @template {Element} T
 * @param {string} selector
 * @param {new () => T} kind
 * @param {ParentNode} within
 * @returns {T}
 */
export function getElement(selector, kind, within = document) {
  const element = within.querySelector(selector);
  if (!(element instanceof kind)) throw new Error(`expected ${selector} on the page`);
  return element;
}

/**
 * Writes changed text only: a screen reader does not read unchanged text again, and its selection stays.
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Shows the items in this order. Existing rows keep their elements and the focus.
 * @template {{ id: string }} Item
 * @param {HTMLElement} list
 * @param {string} template
 * @param {readonly Item[]} items
 * @param {(row: HTMLElement, item: Item) => void} fill
 */
export function renderList(list, template, items, fill) {
  const rows = new Map([...list.children].map((row) => [/** @type {HTMLElement} */ (row).dataset['id'], row]));
  const nextRows = items.map((item) => {
    const row =
      rows.get(item.id) ?? getElement(template, HTMLTemplateElement).content.firstElementChild?.cloneNode(true);
    if (!(row instanceof HTMLElement)) throw new Error(`expected a row in ${template}`);
    row.dataset['id'] = item.id;
    fill(row, item);
    return row;
  });
  for (const row of rows.values()) if (!nextRows.includes(/** @type {HTMLElement} */ (row))) row.remove();
  nextRows.forEach((row, at) => {
    if (list.children[at] !== row) list.insertBefore(row, list.children[at] ?? null);
  });
}
