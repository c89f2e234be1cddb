const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
/** The lowest level that is shown of each part of Temporal's SDK, which logs much detail and every retry. */
const MIN_LEVELS: Readonly<Record<string, (typeof LEVELS)[number]>> = {
  core: 'error',
  worker: 'error',
  activity: 'warn',
  workflow: 'warn',
};
/** Shown elsewhere in the line, or useless on a terminal. */
const OMITTED_FIELDS = new Set(['level', 'time', 'process', 'pid', 'msg', 'event']);
const CONTROL_CHARACTERS = /[\p{Cc}\p{Cf}]+/gu;

export interface ReadableLine {
  readonly text: string;
  /** Shown without `--verbose` too. */
  readonly isUrgent: boolean;
}

/**
 * Formats a line for the terminal: a JSON log line (`msg` by Chartway, `event` by the sandbox) as `12:03:04 warn text key=value`, any other line
 * unchanged. Control characters are removed. Null: only for the log file.
 */
export function toReadableLine(line: string): ReadableLine | null {
  const fields = parseFields(line);
  // A program that prints no JSON prints for people.
  if (fields === null) return { text: stripControlCharacters(line), isUrgent: true };
  const level = LEVELS.find((each) => each === String(fields['level']).toLowerCase()) ?? 'info';
  const minLevel = MIN_LEVELS[String(fields['sdkComponent'])] ?? 'info';
  if (LEVELS.indexOf(level) < LEVELS.indexOf(minLevel)) return null;
  const parts = [
    formatClock(new Date(String(fields['time']))),
    level === 'info' ? '' : level,
    String(fields['msg'] ?? fields['event'] ?? ''),
    ...Object.entries(fields)
      .filter(([key]) => !OMITTED_FIELDS.has(key))
      .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`),
  ];
  const text = stripControlCharacters(parts.filter((part) => part !== '').join(' '));
  return { text, isUrgent: LEVELS.indexOf(level) >= LEVELS.indexOf('error') };
}

/** `15:03:04` in local time; empty for an invalid date. */
export function formatClock(time: Date): string {
  return Number.isNaN(time.getTime()) ? '' : time.toTimeString().slice(0, 8);
}

/** True for the line that a process prints when it serves. */
export function isReadyLine(line: string): boolean {
  return parseFields(line)?.['event'] === 'ready';
}

function parseFields(line: string): Readonly<Record<string, unknown>> | null {
  if (!line.startsWith('{')) return null;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return null;
  }
}

/** Replaces control characters, which a terminal would obey, by spaces. */
export function stripControlCharacters(text: string): string {
  return text.replace(CONTROL_CHARACTERS, ' ').trimEnd();
}
