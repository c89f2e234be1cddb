/** Elements with a required end tag that generators nest records in: an open one at the end means that the page was truncated. */
const MUST_CLOSE: ReadonlySet<string> = new Set([
  ...['table', 'div', 'section', 'article', 'main', 'header', 'footer', 'aside', 'nav', 'form', 'pre', 'blockquote'],
  ...['ul', 'ol', 'dl', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'title', 'script', 'style', 'textarea', 'select', 'svg'],
]);
/** Elements that show something without text. */
const VISIBLE: ReadonlySet<string> = new Set([
  ...['img', 'svg', 'object', 'embed', 'iframe', 'canvas', 'video', 'picture', 'frame', 'input'],
]);
/** Elements whose content is not markup. */
const RAW: ReadonlySet<string> = new Set(['script', 'style', 'title', 'textarea']);
/** The first element of a whole page. */
const PAGE_START: ReadonlySet<string> = new Set(['html', 'head', 'body']);
/** The bytes of byte order marks, in latin1. */
const BOM_BYTES = '\xEF\xBB\xBF\xFE\xFF';
const MAX_NAME = 20;
const MAX_TEXT = 400;

type State = 'text' | 'tag start' | 'end tag start' | 'declaration' | 'comment' | 'name' | 'tag' | 'quoted' | 'raw';

/** Scans how a page ends and what a browser shows of it. Texts are truncated, and in latin1. */
export class HtmlScan {
  /** Whether there was `</html>` or `</body>`, and no other page after it. */
  isClosed = false;
  /** Whether it begins like a whole page. */
  isPage = false;
  hasTags = false;
  /** Whether an element shows something without text. */
  hasVisibleElement = false;
  asksPassword = false;
  scriptBytes = 0;
  title = '';
  heading = '';
  /** The beginning of the text that a browser shows. */
  shown = '';
  /** The last byte that is not white space, and whether a line break follows it. */
  last = '';
  endsLine = false;
  /** Whether its generator omits optional end tags: `<body>` ended a head, or `<p>` a paragraph. */
  omitsEndTags = false;
  private state: State = 'text';
  /** How many elements of each name in {@link MUST_CLOSE} are open. */
  private readonly openElements = new Map<string, number>();
  private name = '';
  private isEnd = false;
  private attributes = '';
  /** The last character within a tag that is not white space. */
  private lastInTag = '';
  private quote = '';
  private dashes = 0;
  /** The last characters in a raw element, as far as they can begin its end tag. */
  private endTagStart = '';
  private inHeading = false;
  private hasTitle = false;
  private readonly steps: Readonly<Record<State, (char: string) => void>> = {
    text: (char) => this.betweenTags(char),
    'tag start': (char) => this.startTag(char),
    'end tag start': (char) => this.startEndTag(char),
    declaration: (char) => this.inDeclaration(char),
    comment: (char) => this.inComment(char),
    name: (char) => this.inName(char),
    tag: (char) => this.inTag(char),
    quoted: (char) => this.inQuotes(char),
    raw: (char) => this.inRaw(char),
  };
  /** A `<head>` or `<p>` without an end tag so far. */
  private isHeadOpen = false;
  private isParagraphOpen = false;

  get endsInTag(): boolean {
    return this.state !== 'text' && this.state !== 'tag start' && this.state !== 'raw' && this.state !== 'comment';
  }

  /** Whether it ends within an element that must be closed, or within a comment. */
  get isOpen(): boolean {
    return (
      this.state === 'comment' || this.state === 'raw' || [...this.openElements.values()].some((count) => count > 0)
    );
  }

  /** Ignores NULs: UTF-16 reads like latin1 then, and browsers drop others too. */
  take(piece: Uint8Array): void {
    for (const byte of piece) {
      if (byte === 0) continue;
      this.endsLine = byte <= 0x20 && (this.endsLine || byte === 0x0a || byte === 0x0d);
      const char = String.fromCharCode(byte);
      if (byte > 0x20) this.last = char;
      this.step(char);
    }
  }

  private step(char: string): void {
    this.steps[this.state](char);
  }

  private betweenTags(char: string): void {
    if (char === '<') this.state = 'tag start';
    else this.text(char);
  }

  private startTag(char: string): void {
    this.attributes = '';
    if (isLetter(char)) this.beginName(char, false);
    else if (char === '/') this.state = 'end tag start';
    else if (char === '!' || char === '?') this.state = 'declaration';
    else {
      // `blood pressure < 120` is text.
      this.text('<');
      this.state = 'text';
      this.step(char);
    }
  }

  private startEndTag(char: string): void {
    if (isLetter(char)) this.beginName(char, true);
    else this.state = char === '>' ? 'text' : 'declaration';
  }

  private beginName(char: string, isEnd: boolean): void {
    this.state = 'name';
    this.name = char.toLowerCase();
    this.isEnd = isEnd;
    this.attributes = '';
    this.lastInTag = '';
  }

  private inDeclaration(char: string): void {
    if (char === '>') {
      if (!this.hasTags && !this.isPage && this.shown === '') this.isPage = /^doctype\s+html/i.test(this.attributes);
      this.state = 'text';
      return;
    }
    this.attribute(char);
    if (this.attributes !== '--') return;
    this.state = 'comment';
    this.dashes = 2;
  }

  private inComment(char: string): void {
    if (char === '>' && this.dashes >= 2) this.state = 'text';
    this.dashes = char === '-' ? this.dashes + 1 : 0;
  }

  private inName(char: string): void {
    if (isSpace(char) || char === '/' || char === '>') {
      this.state = 'tag';
      this.inTag(char);
    } else if (this.name.length < MAX_NAME) this.name += char.toLowerCase();
  }

  private inTag(char: string): void {
    if (char === '>') {
      this.endTag();
      return;
    }
    if ((char === '"' || char === "'") && this.lastInTag === '=') {
      this.state = 'quoted';
      this.quote = char;
    }
    if (!isSpace(char)) this.lastInTag = char;
    this.attribute(char);
  }

  private inQuotes(char: string): void {
    if (char === this.quote) this.state = 'tag';
    this.attribute(char);
  }

  private attribute(char: string): void {
    if (this.attributes.length < MAX_TEXT) this.attributes += char;
  }

  private endTag(): void {
    const { name, isEnd } = this;
    this.state = 'text';
    if (!this.hasTags && this.shown === '' && PAGE_START.has(name)) this.isPage = true;
    this.hasTags = true;
    if (name === 'html' || name === 'body') this.isClosed = isEnd;
    this.noteOmittedEndTags(name, isEnd);
    if (isHeading(name)) this.inHeading = !isEnd && this.heading === '';
    if (isEnd) {
      if (this.openElements.has(name)) this.openElements.set(name, Math.max(0, (this.openElements.get(name) ?? 0) - 1));
      return;
    }
    this.asksPassword ||= name === 'input' && /type\s*=\s*["']?password/i.test(this.attributes);
    this.hasVisibleElement ||= VISIBLE.has(name);
    const isSelfClosed = this.lastInTag === '/';
    if (MUST_CLOSE.has(name) && !isSelfClosed) this.openElements.set(name, (this.openElements.get(name) ?? 0) + 1);
    if (!RAW.has(name) || isSelfClosed) return;
    this.state = 'raw';
    this.endTagStart = '';
  }

  private noteOmittedEndTags(name: string, isEnd: boolean): void {
    if (name === 'body' || name === 'head') {
      this.omitsEndTags ||= name === 'body' && !isEnd && this.isHeadOpen;
      this.isHeadOpen = name === 'head' && !isEnd;
    }
    if (name !== 'p') return;
    this.omitsEndTags ||= !isEnd && this.isParagraphOpen;
    this.isParagraphOpen = !isEnd;
  }

  private inRaw(char: string): void {
    const end = `</${this.name}`;
    if (this.endTagStart === end && (isSpace(char) || char === '/' || char === '>')) {
      if (this.name === 'title') this.endTitle(end);
      this.isEnd = true;
      this.attributes = '';
      this.lastInTag = '';
      this.state = 'tag';
      this.inTag(char);
      return;
    }
    if (this.name === 'title' && !this.hasTitle && this.title.length < MAX_TEXT) this.title += char;
    if (this.name === 'textarea') this.text(char);
    if (this.name === 'script') this.scriptBytes += 1;
    const next = this.endTagStart + char.toLowerCase();
    this.endTagStart = end.startsWith(next) ? next : char === '<' ? '<' : '';
  }

  /** Removes the end tag, of which parts were added. Later titles are those of drawings. */
  private endTitle(end: string): void {
    if (!this.hasTitle && this.title.toLowerCase().endsWith(end)) this.title = this.title.slice(0, -end.length);
    this.hasTitle = true;
  }

  private text(char: string): void {
    const isBlank = this.shown === '' && (isSpace(char) || BOM_BYTES.includes(char));
    if (this.shown.length < MAX_TEXT && !isBlank) this.shown += char;
    if (this.inHeading && this.heading.length < MAX_TEXT) this.heading += char;
  }
}

function isHeading(name: string): boolean {
  return /^h[1-3]$/.test(name);
}

function isLetter(char: string): boolean {
  return (char >= 'a' && char <= 'z') || (char >= 'A' && char <= 'Z');
}

function isSpace(char: string): boolean {
  return char === ' ' || (char >= '\t' && char <= '\r');
}
