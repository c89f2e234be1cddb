import { applicantTable } from './applicant-table';
import type { Paint } from './colours';
import { clock, readable } from './log-line';
import { Screen, type TerminalStream } from './screen';
import type { Seen } from './watch';
import { changeLine } from './wording';

/** What the output is, and what is wanted on it. */
export interface TerminalOptions {
  /** A terminal that can be drawn on, not a file or a pipe. */
  readonly live: boolean;
  readonly paint: Paint;
  /** Show the log lines of the processes, not only their errors. */
  readonly verbose: boolean;
}

/** The longest name that stands before a line. */
const NAME_WIDTH = 9;
const WHO_WE_ARE = 'chartway';
const SPINNER = ['|', '/', '-', '\\'];
/** Often enough to look alive. */
const SPIN_EVERY_MS = 120;

/** What the person at the terminal reads: lines that begin with who says it and, on a terminal, below them what is going on now. */
export class Terminal {
  private readonly screen: Screen | null;
  private applicants: readonly Seen[] = [];
  private readonly running = new Map<string, number>();
  private spin: NodeJS.Timeout | null = null;

  constructor(
    private readonly out: TerminalStream,
    private readonly options: TerminalOptions,
  ) {
    this.screen = options.live ? new Screen(out) : null;
    this.screen?.show((columns, rows) => this.frame(columns, rows));
  }

  /** A line of our own; several where there are line breaks. */
  say(text: string): void {
    this.print(WHO_WE_ARE, text);
  }

  /** A line of one of the processes, made readable. Errors are shown whatever was asked for. */
  line(name: string, line: string): void {
    const read = readable(line);
    if (read !== null && (this.options.verbose || read.urgent)) this.print(name, read.text);
  }

  /** An applicant has changed: one line where there is no table. */
  change(seen: Seen): void {
    if (!this.screen) this.print('applicant', `${clock(new Date())} ${changeLine(seen)}`);
  }

  /** How the applicants stand now. */
  show(applicants: readonly Seen[]): void {
    this.applicants = applicants;
    this.screen?.refresh();
  }

  /** A piece of work: that it goes on is seen meanwhile, and how long it took is said. */
  async phase<T>(title: string, work: () => Promise<T>): Promise<T> {
    const beganMs = performance.now();
    this.running.set(title, beganMs);
    if (this.screen) this.spin ??= setInterval(() => this.screen?.refresh(), SPIN_EVERY_MS);
    else this.say(`${title} ...`);
    try {
      const result = await work();
      this.done(title);
      this.say(`${title}: ${seconds(performance.now() - beganMs)}`);
      return result;
    } finally {
      this.done(title);
    }
  }

  /** Leaves the terminal to somebody else meanwhile. */
  async aside<T>(work: () => Promise<T>): Promise<T> {
    this.screen?.pause();
    try {
      return await work();
    } finally {
      this.screen?.resume();
    }
  }

  /** How many columns a line of ours may have. */
  get columns(): number {
    return this.screen ? (this.out.columns || 80) - NAME_WIDTH - ' | '.length : Number.POSITIVE_INFINITY;
  }

  /** Leaves the terminal as it was found; what is said afterwards is plain lines. */
  close(): void {
    if (this.spin) clearInterval(this.spin);
    this.spin = null;
    this.screen?.close();
  }

  private done(title: string): void {
    this.running.delete(title);
    if (this.running.size > 0 || !this.spin) return;
    clearInterval(this.spin);
    this.spin = null;
  }

  private frame(columns: number, rows: number): readonly string[] {
    const nowMs = performance.now();
    const phases = [...this.running].map(([title, beganMs]) => {
      const sign = SPINNER[Math.floor(nowMs / SPIN_EVERY_MS) % SPINNER.length];
      return `${sign} ${title}, ${Math.floor((nowMs - beganMs) / 1_000)} s`.slice(0, columns);
    });
    const { paint } = this.options;
    const table = applicantTable(this.applicants, {
      columns,
      rows: rows - phases.length - 1,
      nowMs: Date.now(),
      paint,
    });
    const lines = [...(table.length > 0 ? [''] : []), ...table, ...phases.map((phase) => paint('cyan', phase))];
    return lines.slice(0, Math.max(0, rows));
  }

  private print(name: string, text: string): void {
    const { paint } = this.options;
    const who = paint(name === WHO_WE_ARE ? 'cyan' : 'blue', name.padEnd(NAME_WIDTH));
    const lines = text.split('\n').map((line) => `${who} | ${line}`.trimEnd());
    if (this.screen) this.screen.print(lines);
    else this.out.write(`${lines.join('\n')}\n`);
  }
}

function seconds(durationMs: number): string {
  return `${(durationMs / 1_000).toFixed(1)} s`;
}
