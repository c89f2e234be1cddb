import { EventEmitter } from 'node:events';

const ESCAPE = String.fromCharCode(27);
const PARTS = new RegExp(`${ESCAPE}\\[[?\\d]*[A-Za-z]|[\\s\\S]`, 'gu');
const SEQUENCE = new RegExp(`^${ESCAPE}\\[([?\\d]*)([A-Za-z])$`, 'u');

/** A terminal that obeys what the screen writes: cursor up, erasing, line breaks and wrapping; nothing else is expected of one. */
export class FakeTerminal extends EventEmitter {
  readonly written: string[] = [];
  private lines: string[] = [''];
  private row = 0;
  private column = 0;

  constructor(
    public columns: number,
    public rows: number,
  ) {
    super();
  }

  write(text: string): void {
    this.written.push(text);
    for (const part of text.match(PARTS) ?? []) this.take(part);
  }

  /** What stands on the screen, from its first line that was ever written; without empty lines at the end. */
  get shown(): string[] {
    const end = this.lines.findLastIndex((line) => line !== '') + 1;
    return this.lines.slice(0, end);
  }

  resize(columns: number, rows: number): void {
    this.columns = columns;
    this.rows = rows;
    this.emit('resize');
  }

  private take(part: string): void {
    const sequence = SEQUENCE.exec(part);
    if (sequence) this.obey(Number(sequence[1]) || 0, sequence[2] ?? '');
    else if (part === '\n') this.breakLine();
    else if (part === '\r') this.column = 0;
    else {
      if (this.column >= this.columns) this.breakLine();
      const line = (this.lines[this.row] ?? '').padEnd(this.column);
      this.lines[this.row] = line.slice(0, this.column) + part + line.slice(this.column + 1);
      this.column += 1;
    }
  }

  private obey(count: number, what: string): void {
    if (what === 'A') this.row = Math.max(0, this.row - count);
    if (what === 'H') this.row = 0;
    if (what === 'H') this.column = 0;
    if (what === 'K' || (what === 'J' && count === 0))
      this.lines[this.row] = (this.lines[this.row] ?? '').slice(0, this.column);
    if (what === 'J') this.lines = count === 2 ? [''] : this.lines.slice(0, this.row + 1);
  }

  private breakLine(): void {
    this.row += 1;
    this.column = 0;
    this.lines[this.row] ??= '';
  }
}
