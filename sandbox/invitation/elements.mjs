/**
 * The one element that fits.
 * @template {Element} T
 * @param {string} selector
 * @param {new () => T} kind
 * @param {ParentNode} within
 * @returns {T}
 */
export function the(selector, kind, within = document) {
  const element = within.querySelector(selector);
  if (!(element instanceof kind)) throw new Error(`expected ${selector} on the page`);
  return element;
}

/**
 * Writes only what differs: an unchanged text is not read out again and keeps its selection.
 * @param {Element} element
 * @param {string} text
 */
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Makes a list show those items in that order. Rows that stay keep their elements, and with them the focus.
 * @template {{ id: string }} Item
 * @param {HTMLElement} list
 * @param {string} template
 * @param {readonly Item[]} items
 * @param {(row: HTMLElement, item: Item) => void} fill
 */
export function show(list, template, items, fill) {
  const rows = new Map([...list.children].map((row) => [/** @type {HTMLElement} */ (row).dataset['id'], row]));
  const wanted = items.map((item) => {
    const row = rows.get(item.id) ?? the(template, HTMLTemplateElement).content.firstElementChild?.cloneNode(true);
    if (!(row instanceof HTMLElement)) throw new Error(`expected a row in ${template}`);
    row.dataset['id'] = item.id;
    fill(row, item);
    return row;
  });
  for (const row of rows.values()) if (!wanted.includes(/** @type {HTMLElement} */ (row))) row.remove();
  wanted.forEach((row, at) => {
    if (list.children[at] !== row) list.insertBefore(row, list.children[at] ?? null);
  });
}
