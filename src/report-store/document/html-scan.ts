/** Elements whose end tag HTML does not let be left out, and which generators nest records in: one that is open at the end shows a cut. */
const MUST_CLOSE: ReadonlySet<string> = new Set([
  ...['table', 'div', 'section', 'article', 'main', 'header', 'footer', 'aside', 'nav', 'form', 'pre', 'blockquote'],
  ...['ul', 'ol', 'dl', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'title', 'script', 'style', 'textarea', 'select', 'svg'],
]);
/** What shows something without a word. */
const SHOWN: ReadonlySet<string> = new Set([
  'img',
  'svg',
  'object',
  'embed',
  'iframe',
  'canvas',
  'video',
  'picture',
  'frame',
  'input',
]);
/** Their content is no markup. */
const RAW: ReadonlySet<string> = new Set(['script', 'style', 'title', 'textarea']);
/** What may begin a whole page. */
const BEGINS_PAGE: ReadonlySet<string> = new Set(['html', 'head', 'body']);
/** The bytes of byte order marks. */
const MARKS = '\xEF\xBB\xBF\xFE\xFF';
const LONGEST_NAME = 20;
const LONGEST_TEXT = 400;

type State = 'text' | 'open' | 'end open' | 'declaration' | 'comment' | 'name' | 'tag' | 'quoted' | 'raw';

/** What is known of a page's end and of what a browser shows of it; texts are cut, and in latin1. */
export class HtmlScan {
  /** Whether `</html>` or `</body>` came, and no other page after it. */
  isClosed = false;
  /** Whether it begins as a whole page does. */
  isPage = false;
  hasTags = false;
  shows = false;
  asksPassword = false;
  scriptBytes = 0;
  title = '';
  heading = '';
  /** The beginning of the text that a browser shows. */
  shown = '';
  /** The last byte that is no white space, and whether a line ends behind it. */
  last = '';
  endsLine = false;
  /** Whether its generator leaves end tags out where HTML allows it: `<body>` ended a head, or `<p>` a paragraph. */
  omitsEndTags = false;
  private state: State = 'text';
  private readonly open = new Map<string, number>();
  private name = '';
  private isEnd = false;
  private attributes = '';
  private before = '';
  private quote = '';
  private dashes = 0;
  private raw = '';
  private inHeading = false;
  private hasTitle = false;
  private readonly steps: Readonly<Record<State, (char: string) => void>> = {
    text: (char) => this.betweenTags(char),
    open: (char) => this.opened(char),
    'end open': (char) => this.endOpened(char),
    declaration: (char) => this.declared(char),
    comment: (char) => this.inComment(char),
    name: (char) => this.inName(char),
    tag: (char) => this.inTag(char),
    quoted: (char) => this.inQuotes(char),
    raw: (char) => this.inRaw(char),
  };
  /** A `<head>` or a `<p>` that no end tag has closed yet. */
  private isHeadOpen = false;
  private isParagraphOpen = false;

  get endsInTag(): boolean {
    return this.state !== 'text' && this.state !== 'open' && this.state !== 'raw' && this.state !== 'comment';
  }

  /** Whether the end lies within an element that must be closed, or within a comment. */
  get isOpen(): boolean {
    return this.state === 'comment' || this.state === 'raw' || [...this.open.values()].some((count) => count > 0);
  }

  /** UTF-16 reads like its latin1 with a NUL beside each character; browsers drop other NULs as well. */
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
    if (char === '<') this.state = 'open';
    else this.text(char);
  }

  private opened(char: string): void {
    this.attributes = '';
    if (isLetter(char)) this.named(char, false);
    else if (char === '/') this.state = 'end open';
    else if (char === '!' || char === '?') this.state = 'declaration';
    else {
      // `blood pressure < 120` is text.
      this.text('<');
      this.state = 'text';
      this.step(char);
    }
  }

  private endOpened(char: string): void {
    if (isLetter(char)) this.named(char, true);
    else this.state = char === '>' ? 'text' : 'declaration';
  }

  private named(char: string, isEnd: boolean): void {
    this.state = 'name';
    this.name = char.toLowerCase();
    this.isEnd = isEnd;
    this.attributes = '';
    this.before = '';
  }

  private declared(char: string): void {
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
    } else if (this.name.length < LONGEST_NAME) this.name += char.toLowerCase();
  }

  private inTag(char: string): void {
    if (char === '>') {
      this.tagEnds();
      return;
    }
    if ((char === '"' || char === "'") && this.before === '=') {
      this.state = 'quoted';
      this.quote = char;
    }
    if (!isSpace(char)) this.before = char;
    this.attribute(char);
  }

  private inQuotes(char: string): void {
    if (char === this.quote) this.state = 'tag';
    this.attribute(char);
  }

  private attribute(char: string): void {
    if (this.attributes.length < LONGEST_TEXT) this.attributes += char;
  }

  private tagEnds(): void {
    const { name, isEnd } = this;
    this.state = 'text';
    if (!this.hasTags && this.shown === '' && BEGINS_PAGE.has(name)) this.isPage = true;
    this.hasTags = true;
    if (name === 'html' || name === 'body') this.isClosed = isEnd;
    this.paragraphOrHead(name, isEnd);
    if (isHeading(name)) this.inHeading = !isEnd && this.heading === '';
    if (isEnd) {
      if (this.open.has(name)) this.open.set(name, Math.max(0, (this.open.get(name) ?? 0) - 1));
      return;
    }
    this.asksPassword ||= name === 'input' && /type\s*=\s*["']?password/i.test(this.attributes);
    this.shows ||= SHOWN.has(name);
    const isSelfClosed = this.before === '/';
    if (MUST_CLOSE.has(name) && !isSelfClosed) this.open.set(name, (this.open.get(name) ?? 0) + 1);
    if (!RAW.has(name) || isSelfClosed) return;
    this.state = 'raw';
    this.raw = '';
  }

  private paragraphOrHead(name: string, isEnd: boolean): void {
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
    if (this.raw === end && (isSpace(char) || char === '/' || char === '>')) {
      if (this.name === 'title') this.titleEnds(end);
      this.isEnd = true;
      this.attributes = '';
      this.before = '';
      this.state = 'tag';
      this.inTag(char);
      return;
    }
    if (this.name === 'title' && !this.hasTitle && this.title.length < LONGEST_TEXT) this.title += char;
    if (this.name === 'textarea') this.text(char);
    if (this.name === 'script') this.scriptBytes += 1;
    const next = this.raw + char.toLowerCase();
    this.raw = end.startsWith(next) ? next : char === '<' ? '<' : '';
  }

  /** The first one is the page's; another is that of a drawing. What was taken of the end tag goes. */
  private titleEnds(end: string): void {
    if (!this.hasTitle && this.title.toLowerCase().endsWith(end)) this.title = this.title.slice(0, -end.length);
    this.hasTitle = true;
  }

  private text(char: string): void {
    const isBlank = this.shown === '' && (isSpace(char) || MARKS.includes(char));
    if (this.shown.length < LONGEST_TEXT && !isBlank) this.shown += char;
    if (this.inHeading && this.heading.length < LONGEST_TEXT) this.heading += char;
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
