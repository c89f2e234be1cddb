/** Paints text for a terminal, or leaves it as it is. */
export type Paint = (colour: Colour, text: string) => string;
export type Colour = keyof typeof CODES;

/** ECMA-48: select graphic rendition. The eight basic colours only: a person's own theme makes them readable. */
const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, blue: 34, magenta: 35, cyan: 36 } as const;

/**
 * Whether to paint. FORCE_COLOR (force-color.org) decides where it is set, "0" and "false" switch off; then NO_COLOR (no-color.org), set to anything;
 * then whether there is a terminal that understands colours.
 */
export function wantsColours(env: NodeJS.ProcessEnv, isTerminal: boolean): boolean {
  const forced = env['FORCE_COLOR'];
  if (forced !== undefined) return forced !== '0' && forced !== 'false';
  if (env['NO_COLOR']) return false;
  return isTerminal && env['TERM'] !== 'dumb';
}

/** Paints, or does not. */
export function painter(colours: boolean): Paint {
  return (colour, text) => (colours && text !== '' ? `\u001B[${CODES[colour]}m${text}\u001B[0m` : text);
}
