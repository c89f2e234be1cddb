import { clock, readable } from './log-line';

/** The longest name that stands before a line. */
const NAME_WIDTH = 9;
const WHO_WE_ARE = 'chartway';

/** What the person at the terminal reads: every line begins with who says it. */
export class Terminal {
  constructor(private readonly out: Pick<NodeJS.WritableStream, 'write'>) {}

  /** A line of our own; several where there are line breaks. */
  say(text: string): void {
    this.print(WHO_WE_ARE, text);
  }

  /** A line of one of the processes, made readable. */
  line(name: string, line: string): void {
    const text = readable(line);
    if (text !== null) this.print(name, text);
  }

  /** What happened to an applicant. */
  change(text: string): void {
    this.print('applicant', `${clock(new Date())} ${text}`);
  }

  /** Says how long a piece of work took. */
  async phase<T>(title: string, work: () => Promise<T>): Promise<T> {
    const beganMs = performance.now();
    const result = await work();
    this.say(`${title}: ${((performance.now() - beganMs) / 1_000).toFixed(1)} s`);
    return result;
  }

  private print(name: string, text: string): void {
    for (const line of text.split('\n')) this.out.write(`${name.padEnd(NAME_WIDTH)} | ${line}`.trimEnd().concat('\n'));
  }
}
