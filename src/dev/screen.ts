import { stripVTControlCharacters } from 'node:util';

/** What of a terminal is needed. */
export interface TerminalStream {
  write(text: string): unknown;
  readonly columns?: number;
  readonly rows?: number;
  on(event: 'resize', listener: () => void): unknown;
  off(event: 'resize', listener: () => void): unknown;
}

/** ECMA-48, and the private modes that every terminal of today knows or ignores. */
const HIDE_CURSOR = '\u001B[?25l';
const SHOW_CURSOR = '\u001B[?25h';
/** The terminal shows what is between the two at once ("synchronized output"). */
const BEGIN = '\u001B[?2026h';
const END = '\u001B[?2026l';
const CLEAR_LINE = '\u001B[K';
const CLEAR_BELOW = '\u001B[J';
const CLEAR_SCREEN = '\u001B[H\u001B[2J';
/** More lines than any screen has rows: what is printed again when the size changes. */
const KEPT_LINES = 200;

/** Draws the lines of a frame for so many columns and rows. */
export type Frame = (columns: number, rows: number) => readonly string[];

/**
 * A terminal with lines that stay and scroll, and below them a frame that is drawn in place. Everything is one write, and of a frame only
 * what has changed, so nothing flickers. Terminals disagree on what a new width does to old lines: then the screen is drawn anew.
 */
export class Screen {
  private readonly kept: string[] = [];
  private drawn: readonly string[] = [];
  private frame: Frame = () => [];
  private state: 'drawing' | 'paused' | 'closed' = 'drawing';
  private readonly resized = (): void => this.drawAnew();

  constructor(private readonly out: TerminalStream) {
    out.on('resize', this.resized);
    out.write(HIDE_CURSOR);
  }

  /** Lines that stay, above the frame. */
  print(lines: readonly string[]): void {
    if (this.state !== 'drawing') {
      this.out.write(`${lines.join('\n')}\n`);
      return;
    }
    this.kept.push(...lines);
    this.kept.splice(0, this.kept.length - KEPT_LINES);
    const next = this.frameNow();
    this.write([this.toTop(), CLEAR_BELOW, ...[...lines, ...next].map((line) => `${line}\n`)]);
    this.drawn = next;
  }

  /** The frame from now on. */
  show(frame: Frame): void {
    this.frame = frame;
    this.refresh();
  }

  /** Draws what has changed in the frame. */
  refresh(): void {
    if (this.state !== 'drawing') return;
    const next = this.frameNow();
    const { drawn } = this;
    if (next.length === drawn.length && next.every((line, index) => line === drawn[index])) return;
    const lines = next.map((line, index) => (line === drawn[index] ? '\n' : `${line}${CLEAR_LINE}\n`));
    this.write([this.toTop(), ...lines, CLEAR_BELOW]);
    this.drawn = next;
  }

  /** The frame stands still, and the cursor is somebody else's. */
  pause(): void {
    this.state = 'paused';
    this.drawn = [];
    this.out.write(SHOW_CURSOR);
  }

  /** Draws again, below what was written meanwhile. */
  resume(): void {
    this.state = 'drawing';
    this.out.write(HIDE_CURSOR);
    this.refresh();
  }

  /** Leaves the frame as it stands, and the terminal as it was found. */
  close(): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.out.off('resize', this.resized);
    this.out.write(SHOW_CURSOR);
  }

  /** One column less than there are: a line that fills the last one wraps on some terminals. One row is the cursor's. */
  private frameNow(): readonly string[] {
    const { columns, rows } = this.size();
    return this.frame(columns - 1, rows - 1);
  }

  private size() {
    // What a terminal without a size is taken for.
    return { columns: this.out.columns || 80, rows: this.out.rows || 24 };
  }

  private toTop(): string {
    return this.drawn.length === 0 ? '\r' : `\r\u001B[${this.drawn.length}A`;
  }

  private write(parts: readonly string[]): void {
    this.out.write([BEGIN, ...parts, END].join(''));
  }

  private drawAnew(): void {
    if (this.state !== 'drawing') return;
    const { columns, rows } = this.size();
    const next = this.frameNow();
    let room = rows - 1 - next.length;
    const above: string[] = [];
    for (const line of [...this.kept].reverse()) {
      room -= Math.max(1, Math.ceil(stripVTControlCharacters(line).length / columns));
      if (room < 0) break;
      above.unshift(line);
    }
    this.write([CLEAR_SCREEN, ...[...above, ...next].map((line) => `${line}\n`)]);
    this.drawn = next;
  }
}
