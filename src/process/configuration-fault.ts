/** An environment: names to texts. */
export type Environment = Readonly<Record<string, string>>;

/** One variable that is not right. `came` is fit to be shown. */
export interface ConfigurationFault {
  readonly key: string;
  readonly expected: string;
  readonly came: string;
}

/** All that is wrong with the configuration, at once. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
  readonly kind = 'configuration';

  constructor(readonly faults: readonly ConfigurationFault[]) {
    const lines = faults.map(({ key, expected, came }) => `  ${key}: expected ${expected}; came ${came}`);
    super(`The configuration is not right (.env.example explains every variable):\n${lines.join('\n')}`);
  }
}

/** For roots: what is wrong with the configuration goes to stderr, and the process ends with status 2. */
export function exitOnConfigurationError<C>(read: () => C): C {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return process.exit(2);
  }
}

const SECRETS = /SECRET|KEYS?$|KEY_DATA$|CODEC_AUTH$|GRPC_META_/;
/** Long enough to recognise what was set. */
const SHOWN_CHARACTERS = 100;

/** The fault of a variable with what came for it; secrets masked, also the user, query and fragment of a URL, where a password or a token may stand. */
export function faultOf(key: string, expected: string, set: Environment): ConfigurationFault {
  const text = set[key];
  if (text === undefined) return { key, expected, came: 'nothing' };
  if (SECRETS.test(key)) return { key, expected, came: 'a value that is not shown' };
  const shown = text.replace(/\/\/.*@/s, '//***@').replace(/[?#].*$/s, (tail) => `${tail[0]}***`);
  return { key, expected, came: JSON.stringify(shown.slice(0, SHOWN_CHARACTERS)) };
}

/** The known name with the fewest edits (Levenshtein) from a mistyped one. */
export function nearestName(mistyped: string, known: readonly string[]): string {
  const distances = new Map(known.map((name) => [name, edits(mistyped, name)]));
  return known.reduce((best, name) => ((distances.get(name) ?? 0) < (distances.get(best) ?? 0) ? name : best));
}

/** Names of up to nine letters are close at one edit, longer ones at two. */
const LONG_NAME = 10;
/** Of so many words, one that was left out still leaves a name that can only be ours. */
const MANY_WORDS = 3;

/**
 * The known name that an unknown one was most likely meant to be; null: it is another program's. Close are: one or two edits, other case, other or
 * no underscores, the words in another order, and our name without its last word or, of many, without any one.
 */
export function nameMeant(unknown: string, known: readonly string[]): string | null {
  const written = known.find((name) => letters(name) === letters(unknown) || sorted(name) === sorted(unknown));
  if (written !== undefined) return written;
  const nearest = nearestName(unknown, known);
  if (edits(unknown, nearest) <= (unknown.length < LONG_NAME ? 1 : 2)) return nearest;
  return known.find((name) => isShortened(unknown, name)) ?? null;
}

const letters = (name: string) => name.replaceAll('_', '').toUpperCase();
const sorted = (name: string) => name.split('_').sort().join('_');

function isShortened(unknown: string, name: string): boolean {
  const words = name.split('_');
  const left = unknown.split('_');
  if (left.length !== words.length - 1 || left.length < 2) return false;
  const gap = words.findIndex((word, index) => word !== left[index]);
  const isOneLeftOut = words.toSpliced(gap, 1).join('_') === unknown;
  return isOneLeftOut && (gap === words.length - 1 || left.length >= MANY_WORDS);
}

/** With two neighbours in the wrong order as one edit (optimal string alignment). */
function edits(from: string, to: string): number {
  let before: number[] = [];
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...from].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...to].entries()) {
      const cost = letter === other ? 0 : 1;
      const swapped =
        i > 0 && j > 0 && letter === to[j - 1] && from[i - 1] === other ? (before[j - 1] ?? 0) + 1 : Infinity;
      next.push(Math.min((row[j] ?? 0) + cost, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1, swapped));
    }
    [before, row] = [row, next];
  }
  return row[to.length] ?? 0;
}
