/** The part of `tty.WriteStream` that is used. */
export interface TerminalStream {
  write(text: string): unknown;
  readonly columns?: number;
  readonly rows?: number;
  on(event: 'resize' | 'error', listener: () => void): unknown;
  once(event: 'error', listener: () => void): unknown;
  off(event: 'resize', listener: () => void): unknown;
}

/** Returns lines that fit into the columns and rows. */
export type FrameRenderer = (columns: number, rows: number) => readonly string[];

// ECMA-48
const HIDE_CURSOR = '\u001B[?25l';
const SHOW_CURSOR = '\u001B[?25h';
const CLEAR_BELOW = '\u001B[J';
const CLEAR_SCREEN = '\u001B[H\u001B[2J';

/** Lines at the bottom of a terminal that are redrawn in place, below lines that scroll. */
export class LiveFrame {
  private render: FrameRenderer | null = null;
  private height = 0;
  // Terminals differ in how they wrap old lines at a new width, so the place of the frame is unknown.
  private readonly onResize = () => this.write(CLEAR_SCREEN, []);

  constructor(private readonly out: TerminalStream) {}

  /** Prints lines above the frame. */
  print(lines: readonly string[]): void {
    this.write(this.height === 0 ? '' : `\r\u001B[${this.height}A${CLEAR_BELOW}`, lines);
  }

  /** Draws the frame. The renderer is called again when lines are printed or the terminal is resized. */
  draw(render: FrameRenderer): void {
    if (this.render === null) {
      this.out.on('resize', this.onResize);
      this.out.write(HIDE_CURSOR);
    }
    this.render = render;
    this.print([]);
  }

  /** Leaves the frame on the screen; later lines follow it. */
  close(): void {
    if (this.render === null) return;
    this.render = null;
    this.height = 0;
    this.out.off('resize', this.onResize);
    this.out.write(SHOW_CURSOR);
  }

  private write(start: string, lines: readonly string[]): void {
    // A line in the last column wraps on some terminals, and the last row is for the cursor.
    const frame = this.render?.((this.out.columns || 80) - 1, (this.out.rows || 24) - 1) ?? [];
    this.out.write(start + [...lines, ...frame].map((line) => `${line}\n`).join(''));
    this.height = frame.length;
  }
}
