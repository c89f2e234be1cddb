const UNITS = ['KiB', 'MiB', 'GiB'];

/** An amount of bytes, an integer and a unit (`256MiB`), above zero; null for anything else. */
export function parseBytes(text: string): number | null {
  const [, digits, unit = ''] = /^(\d{1,6})(KiB|MiB|GiB)$/.exec(text) ?? [];
  const bytes = Number(digits) * 1024 ** (UNITS.indexOf(unit) + 1);
  return digits !== undefined && bytes > 0 ? bytes : null;
}
