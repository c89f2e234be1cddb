import { WriteStream } from 'node:tty';
import { styleText } from 'node:util';
import { applicantTable } from './applicant-table';
import { LiveFrame, type TerminalStream } from './live-frame';
import { formatClock, toReadableLine } from './log-line';
import { changeLine } from './messages';
import type { ApplicantSnapshot } from './snapshots';

export interface DevOutputOptions {
  /** Draw a live table. False: print one line for each change. */
  readonly isInteractive: boolean;
  readonly hasColours: boolean;
  /** Print all log lines of the processes, not only errors. */
  readonly verbose: boolean;
  /** Called once, when the terminal has been closed. */
  readonly onClosed: () => void;
}

/** The width of the longest name before a line. */
const NAME_WIDTH = 9;

/** Whether to print colours. Node evaluates FORCE_COLOR, NO_COLOR and TERM; without a terminal only FORCE_COLOR turns colours on. */
export function hasColours(env: NodeJS.ProcessEnv, isTerminal: boolean): boolean {
  return (isTerminal || env['FORCE_COLOR'] !== undefined) && WriteStream.prototype.hasColors(env);
}

/** The output of `npm start`: lines with the name of their source and, on a terminal, the table of the applicants below them. */
export class DevOutput {
  private readonly frame: LiveFrame | null;

  constructor(
    private readonly out: TerminalStream,
    private readonly options: DevOutputOptions,
  ) {
    this.frame = options.isInteractive ? new LiveFrame(out) : null;
    out.once('error', options.onClosed);
    out.on('error', () => {}); // each later write fails too
  }

  /** Prints a message of `npm start` itself, with one prefix for each line of the text. */
  message(text: string): void {
    this.print('chartway', text);
  }

  /** Prints a line of a process in readable form. */
  line(name: string, line: string): void {
    const readable = toReadableLine(line);
    if (readable !== null && (this.options.verbose || readable.isUrgent)) this.print(name, readable.text);
  }

  /** Prints a change, unless the table shows it. */
  change(snapshot: ApplicantSnapshot): void {
    if (!this.frame) this.print('applicant', `${formatClock(new Date())} ${changeLine(snapshot)}`);
  }

  /** Draws the table. */
  table(snapshots: readonly ApplicantSnapshot[]): void {
    this.frame?.draw((columns, rows) => {
      const [blank, titles, ...lines] = applicantTable(snapshots, { columns, rows, nowMs: Date.now() });
      return blank === undefined || titles === undefined ? [] : [blank, this.style('bold', titles), ...lines];
    });
  }

  /** Prints when a piece of work starts, and how long it took. */
  async phase<T>(title: string, work: () => Promise<T>): Promise<T> {
    const startedAtMs = performance.now();
    this.message(`${title} ...`);
    const result = await work();
    this.message(`${title}: ${((performance.now() - startedAtMs) / 1_000).toFixed(1)} s`);
    return result;
  }

  /** The longest text that fits into one line of a message. */
  get columns(): number {
    return this.frame ? (this.out.columns || 80) - NAME_WIDTH - ' | '.length : Number.POSITIVE_INFINITY;
  }

  /** Stops drawing. Later messages are plain lines. */
  close(): void {
    this.frame?.close();
  }

  private print(name: string, text: string): void {
    const prefix = this.style(name === 'chartway' ? 'cyan' : 'blue', name.padEnd(NAME_WIDTH));
    const lines = text.split('\n').map((line) => `${prefix} | ${line}`.trimEnd());
    if (this.frame) this.frame.print(lines);
    else this.out.write(`${lines.join('\n')}\n`);
  }

  private style(format: 'bold' | 'blue' | 'cyan', text: string): string {
    return this.options.hasColours ? styleText(format, text, { validateStream: false }) : text;
  }
}
