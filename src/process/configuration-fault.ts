/** An environment: names to texts. */
export type Environment = Readonly<Record<string, string>>;

/** One invalid variable. `got` is safe to show. */
export interface ConfigurationFault {
  readonly key: string;
  readonly expected: string;
  readonly got: string;
}

/** All faults of the configuration at once. It ends the process with status 2. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
  readonly kind = 'configuration';

  /** `probableCause`: one sentence, printed before the faults; null: unknown. */
  constructor(
    readonly faults: readonly ConfigurationFault[],
    probableCause: string | null = null,
  ) {
    const lines = faults.map(({ key, expected, got }) => `  ${key}: expected ${expected}; got ${got}`);
    const first = probableCause === null ? '' : `${probableCause}\n`;
    super(`${first}Invalid configuration (see .env.example):\n${lines.join('\n')}`);
  }
}

const SECRETS = /SECRET|KEYS?$|KEY_DATA$|CODEC_AUTH$|GRPC_META_/;
const SHOWN_CHARACTERS = 100;

/** The fault of a variable with its text. Secrets are masked, and the user, query and fragment of a URL, which may hold a password or token. */
export function describeFault(key: string, expected: string, set: Environment): ConfigurationFault {
  const text = set[key];
  if (text === undefined) return { key, expected, got: 'nothing' };
  if (SECRETS.test(key)) return { key, expected, got: 'a value that is not shown' };
  const shown = text.replace(/\/\/.*@/s, '//***@').replace(/[?#].*$/s, (tail) => `${tail[0]}***`);
  return { key, expected, got: JSON.stringify(shown.slice(0, SHOWN_CHARACTERS)) };
}

/** The known name with the smallest edit distance from a mistyped one. */
export function findNearestName(mistyped: string, known: readonly string[]): string {
  const byDistance = known.map((name) => ({ name, distance: editDistance(mistyped, name) }));
  return byDistance.toSorted((a, b) => a.distance - b.distance)[0]?.name ?? '';
}

/** Shorter names are similar at one edit, longer ones at two. */
const LONG_NAME = 10;
/** What is left of a name that lacks one word is still unique if it has that many words. */
const MANY_WORDS = 3;

/**
 * The known name that an unknown one was probably meant to be; null: a variable of another program. Similar are: one or two edits, other case,
 * other or no underscores, the words in another order, and the name without its last word or, if it has many, without any one word.
 */
export function findIntendedName(unknown: string, known: readonly string[]): string | null {
  const respelled = known.find((name) => letters(name) === letters(unknown) || sorted(name) === sorted(unknown));
  if (respelled !== undefined) return respelled;
  const nearest = findNearestName(unknown, known);
  if (editDistance(unknown, nearest) <= (unknown.length < LONG_NAME ? 1 : 2)) return nearest;
  return known.find((name) => isShortened(unknown, name)) ?? null;
}

const letters = (name: string) => name.replaceAll('_', '').toUpperCase();
const sorted = (name: string) => name.split('_').sort().join('_');

function isShortened(unknown: string, name: string): boolean {
  const words = name.split('_');
  const count = unknown.split('_').length;
  if (count !== words.length - 1 || count < 2) return false;
  return words.some((_, index) => {
    const isAllowed = index === words.length - 1 || count >= MANY_WORDS;
    return isAllowed && words.toSpliced(index, 1).join('_') === unknown;
  });
}

/** Optimal string alignment: two swapped neighbours are one edit. */
function editDistance(from: string, to: string): number {
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
