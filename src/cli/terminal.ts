/** Text for people: lines that stay, and a line about progress that is written over where there is a terminal. */
export interface Terminal {
  /** A line that stays. */
  write(text: string): void;
  /** How far we are: drawn in place on a terminal, otherwise a plain line now and then. */
  showProgress(text: string): void;
  /** Takes the line about progress away. */
  clearProgress(): void;
}

/** Fluent to look at, and nothing beside the work. */
const REDRAW_EVERY_MS = 100;
/** Seldom enough for a log. */
const PLAIN_LINE_EVERY_MS = 10_000;
/** Back to the first column, and erase the line (ECMA-48). */
const ERASE = '\r\u001B[2K';

export function createTerminal(
  stream: { write(text: string): unknown; readonly isTTY?: boolean; readonly columns?: number },
  nowMs: () => number = () => performance.now(),
): Terminal {
  const isTerminal = stream.isTTY === true;
  let shown = '';
  let lastMs = isTerminal ? Number.NEGATIVE_INFINITY : nowMs();
  return {
    write(text) {
      stream.write(`${shown && ERASE}${text}\n${shown}`);
    },
    showProgress(text) {
      if (nowMs() - lastMs < (isTerminal ? REDRAW_EVERY_MS : PLAIN_LINE_EVERY_MS)) return;
      lastMs = nowMs();
      if (!isTerminal) {
        stream.write(`${text}\n`);
        return;
      }
      // A line that wraps cannot be written over.
      shown = text.slice(0, (stream.columns ?? 80) - 1);
      stream.write(`${ERASE}${shown}`);
    },
    clearProgress() {
      if (shown) stream.write(ERASE);
      shown = '';
    },
  };
}

const BAR_WIDTH = 24;

/** `[######------]  50 %` of a share between 0 and 1. */
export function progressBar(share: number): string {
  const whole = Math.min(1, Math.max(0, share));
  const filled = Math.round(whole * BAR_WIDTH);
  return `[${'#'.repeat(filled)}${'-'.repeat(BAR_WIDTH - filled)}] ${String(Math.floor(whole * 100)).padStart(3)} %`;
}
