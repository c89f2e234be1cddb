/** No report nests deeper. Without a limit, a document of brackets would fill the memory. */
const MAX_DEPTH = 1_000;

const LITERALS: Readonly<Record<string, string>> = { t: 'rue', f: 'alse', n: 'ull' };
const HEX_DIGITS = 4;

/** What can come next. */
type State =
  | 'value'
  | 'value or ]'
  | 'key'
  | 'key or }'
  | 'colon'
  | 'after value'
  | 'string'
  | 'escape'
  | 'hex'
  | 'literal'
  | 'minus'
  | 'zero'
  | 'integer'
  | 'point'
  | 'fraction'
  | 'exponent'
  | 'exponent sign'
  | 'exponent digits'
  | 'padding';

/** The states in which a number may end. */
const NUMBER_ENDS: ReadonlySet<State> = new Set(['zero', 'integer', 'fraction', 'exponent digits']);

/**
 * Checks whether bytes are one JSON text in UTF-8; a byte order mark and NULs after the text are allowed. It builds no values: JSON.parse would
 * need several times the size of a report in memory, and block the process for its whole length.
 */
export class JsonCheck {
  private readonly decoder = new TextDecoder('utf-8', { fatal: true });
  private readonly closers: string[] = [];
  private state: State = 'value';
  private isKey = false;
  /** The rest of a literal. */
  private rest = '';
  private hexLeft = 0;
  /** Whether there was any value but null, empty strings, empty lists and empty objects. */
  hasValue = false;
  /** Whether there was neither an object nor a list. */
  isScalar = true;

  /** False once the bytes cannot be JSON; do not call it again then. */
  take(piece: Uint8Array): boolean {
    const text = this.decode(piece);
    return text !== null && this.scan(text);
  }

  /** Whether the bytes are one whole JSON text. */
  finish(): boolean {
    const text = this.decode();
    if (text === null || !this.scan(text)) return false;
    const isEnd = this.state === 'after value' || this.state === 'padding' || NUMBER_ENDS.has(this.state);
    return this.closers.length === 0 && isEnd;
  }

  private decode(piece?: Uint8Array): string | null {
    try {
      return piece ? this.decoder.decode(piece, { stream: true }) : this.decoder.decode();
    } catch {
      return null;
    }
  }

  private scan(text: string): boolean {
    for (let at = 0; at < text.length; at += 1) {
      const code = text.charCodeAt(at);
      // Fast path: most of a report is inside of strings.
      if (this.state === 'string' && code !== 0x22 && code !== 0x5c && code >= 0x20) {
        if (code !== 0x20 && !this.isKey) this.hasValue = true;
        continue;
      }
      if (!this.step(text.charAt(at))) return false;
    }
    return true;
  }

  private step(char: string): boolean {
    switch (this.state) {
      case 'string':
        return char === '"' ? this.endString() : char === '\\' && this.to('escape');
      case 'escape':
        this.hexLeft = HEX_DIGITS;
        // Not a line break or tab. json-record.ts parses small texts again and finds \u0020.
        this.hasValue ||= !this.isKey && 'u"\\/'.includes(char);
        return char === 'u' ? this.to('hex') : '"\\/bfnrt'.includes(char) && this.to('string');
      case 'hex':
        this.hexLeft -= 1;
        return /[0-9a-fA-F]/.test(char) && this.to(this.hexLeft > 0 ? 'hex' : 'string');
      case 'padding':
        return char === '\0' || isSpace(char);
      case 'literal':
        if (!this.rest.startsWith(char)) return false;
        this.rest = this.rest.slice(1);
        return this.rest !== '' || this.to('after value');
      case 'value':
      case 'value or ]':
      case 'key':
      case 'key or }':
      case 'colon':
      case 'after value':
        return isSpace(char) || this.structure(char);
      default:
        return this.number(char);
    }
  }

  private structure(char: string): boolean {
    switch (this.state) {
      case 'colon':
        return char === ':' && this.to('value');
      case 'key':
        return char === '"' && this.beginKey();
      case 'key or }':
        return char === '"' ? this.beginKey() : char === '}' && this.close(char);
      case 'value or ]':
        return char === ']' ? this.close(char) : this.beginValue(char);
      case 'value':
        return this.beginValue(char);
      default:
        // Block-wise writers pad with NULs.
        if (char === '\0') return this.closers.length === 0 && this.to('padding');
        if (char !== ',') return this.close(char);
        return this.closers.length > 0 && this.to(this.closers.at(-1) === '}' ? 'key' : 'value');
    }
  }

  private beginValue(char: string): boolean {
    if (char === '{' || char === '[') {
      this.isScalar = false;
      this.closers.push(char === '{' ? '}' : ']');
      return this.closers.length <= MAX_DEPTH && this.to(char === '{' ? 'key or }' : 'value or ]');
    }
    if (char === '"') return this.to('string');
    // A number, true or false.
    this.hasValue ||= char !== 'n';
    if (char === '-') return this.to('minus');
    if (isDigit(char)) return this.to(char === '0' ? 'zero' : 'integer');
    this.rest = Object.hasOwn(LITERALS, char) ? (LITERALS[char] ?? '') : '';
    return this.rest !== '' && this.to('literal');
  }

  private number(char: string): boolean {
    const { state } = this;
    if (isDigit(char)) {
      if (state === 'minus') return this.to(char === '0' ? 'zero' : 'integer');
      if (state === 'integer' || state === 'fraction' || state === 'exponent digits') return true;
      if (state === 'point') return this.to('fraction');
      return state !== 'zero' && this.to('exponent digits');
    }
    if (char === '.' && (state === 'zero' || state === 'integer')) return this.to('point');
    if ((char === 'e' || char === 'E') && NUMBER_ENDS.has(state) && state !== 'exponent digits')
      return this.to('exponent');
    if ((char === '+' || char === '-') && state === 'exponent') return this.to('exponent sign');
    return NUMBER_ENDS.has(state) && this.to('after value') && (isSpace(char) || this.structure(char));
  }

  private beginKey(): boolean {
    this.isKey = true;
    return this.to('string');
  }

  private endString(): boolean {
    const { isKey } = this;
    this.isKey = false;
    return this.to(isKey ? 'colon' : 'after value');
  }

  private close(char: string): boolean {
    return this.closers.pop() === char && this.to('after value');
  }

  private to(state: State): true {
    this.state = state;
    return true;
  }
}

function isSpace(char: string): boolean {
  return char === ' ' || char === '\n' || char === '\r' || char === '\t';
}

function isDigit(char: string): boolean {
  return char >= '0' && char <= '9';
}
