/** Messages for the user: lines, and a progress line that is redrawn in place on a terminal. */
export interface Terminal {
  /** Writes a line. */
  write(text: string): void;
  /** On a terminal, redraws the progress line; otherwise writes a line from time to time. */
  showProgress(text: string): void;
  clearProgress(): void;
}

/** Looks fluent, and costs little. */
const REDRAW_EVERY_MS = 100;
/** Suits a log file. */
const PLAIN_LINE_EVERY_MS = 10_000;
/** ECMA-48: return to the first column and erase the line. */
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
      // A line that wraps cannot be redrawn.
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

/** `[######------]  50 %` for a share between 0 and 1. */
export function progressBar(share: number): string {
  const bounded = Math.min(1, Math.max(0, share));
  const filled = Math.round(bounded * BAR_WIDTH);
  return `[${'#'.repeat(filled)}${'-'.repeat(BAR_WIDTH - filled)}] ${String(Math.floor(bounded * 100)).padStart(3)} %`;
}
