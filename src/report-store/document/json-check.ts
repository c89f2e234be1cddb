/** Nobody's report nests deeper; without a limit a flood of brackets would fill the memory. */
const DEPTH_MOST = 1_000;

const LITERALS: Readonly<Record<string, string>> = { t: 'rue', f: 'alse', n: 'ull' };
const HEX_DIGITS = 4;

/** What may come next. */
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
 * Finds whether bytes that come in pieces are one JSON text in UTF-8 (a byte order mark is allowed, and NULs behind it). It builds nothing: a report of any size
 * costs no memory and stops other work for one piece at most, where JSON.parse would take several times the document's size at once.
 */
export class JsonCheck {
  private readonly decoder = new TextDecoder('utf-8', { fatal: true });
  private readonly closers: string[] = [];
  private state: State = 'value';
  private isKey = false;
  /** What is left of a literal. */
  private rest = '';
  private hexLeft = 0;
  /** Whether anything but null, empty texts, empty lists and empty objects came. */
  hasValue = false;
  /** Whether neither an object nor a list came. */
  isScalar = true;

  /** False as soon as the bytes cannot be JSON any more; nothing may be asked after that. */
  take(piece: Uint8Array): boolean {
    const text = this.decoded(piece);
    return text !== null && this.scanned(text);
  }

  /** True where all that was taken is one whole JSON text. */
  finish(): boolean {
    const text = this.decoded();
    if (text === null || !this.scanned(text)) return false;
    const isEnd = this.state === 'after value' || this.state === 'padding' || NUMBER_ENDS.has(this.state);
    return this.closers.length === 0 && isEnd;
  }

  private decoded(piece?: Uint8Array): string | null {
    try {
      return piece ? this.decoder.decode(piece, { stream: true }) : this.decoder.decode();
    } catch {
      return null;
    }
  }

  private scanned(text: string): boolean {
    for (let at = 0; at < text.length; at += 1) {
      const code = text.charCodeAt(at);
      // Most of a report is the inside of strings.
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
        return char === '"' ? this.ended() : char === '\\' && this.to('escape');
      case 'escape':
        this.hexLeft = HEX_DIGITS;
        // What is no line break or tab; of \u0020 only a small text is asked again.
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
        return isSpace(char) || this.between(char);
      default:
        return this.number(char);
    }
  }

  private between(char: string): boolean {
    switch (this.state) {
      case 'colon':
        return char === ':' && this.to('value');
      case 'key':
        return char === '"' && this.key();
      case 'key or }':
        return char === '"' ? this.key() : char === '}' && this.closed(char);
      case 'value or ]':
        return char === ']' ? this.closed(char) : this.begun(char);
      case 'value':
        return this.begun(char);
      default:
        // Block-wise writers pad with NULs. Behind a whole text they hide nothing.
        if (char === '\0') return this.closers.length === 0 && this.to('padding');
        if (char !== ',') return this.closed(char);
        return this.closers.length > 0 && this.to(this.closers.at(-1) === '}' ? 'key' : 'value');
    }
  }

  private begun(char: string): boolean {
    if (char === '{' || char === '[') {
      this.isScalar = false;
      this.closers.push(char === '{' ? '}' : ']');
      return this.closers.length <= DEPTH_MOST && this.to(char === '{' ? 'key or }' : 'value or ]');
    }
    if (char === '"') return this.to('string');
    // A number, true or false; a text's characters are looked at one by one.
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
    return NUMBER_ENDS.has(state) && this.to('after value') && (isSpace(char) || this.between(char));
  }

  private key(): boolean {
    this.isKey = true;
    return this.to('string');
  }

  /** A string's closing quote. */
  private ended(): boolean {
    const { isKey } = this;
    this.isKey = false;
    return this.to(isKey ? 'colon' : 'after value');
  }

  private closed(char: string): boolean {
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
