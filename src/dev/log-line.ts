const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
/** Temporal's SDK tells much of its own course, and warns of each retry while a server is away. */
const SHOWN_FROM: Readonly<Record<string, (typeof LEVELS)[number]>> = {
  core: 'error',
  worker: 'error',
  activity: 'warn',
  workflow: 'warn',
};
/** What every line says of itself, and the prefix says already. */
const LEFT_OUT = new Set(['level', 'time', 'process', 'pid', 'msg', 'event']);
/** A terminal obeys what is printed on it. */
const CONTROL_CHARACTERS = /[\p{Cc}\p{Cf}]+/gu;

/** A line for a person. `urgent`: not only for whoever wants to read along. */
export interface Readable {
  readonly text: string;
  readonly urgent: boolean;
}

/**
 * A line for a person: a JSON log line (ours with `msg`, the sandbox's with `event`) as `12:03:04 warn text key=value`, any other as it is,
 * without escape sequences. Null for what only the log file needs: details, and what Temporal's SDK tells of its own course.
 */
export function readable(line: string): Readable | null {
  const fields = jsonObject(line);
  // Whoever writes no JSON writes to a person.
  if (fields === null) return { text: harmless(line), urgent: true };
  const level = LEVELS.find((known) => known === String(fields['level']).toLowerCase()) ?? 'info';
  const shownFrom = SHOWN_FROM[String(fields['sdkComponent'])] ?? 'info';
  if (LEVELS.indexOf(level) < LEVELS.indexOf(shownFrom)) return null;
  const words = [
    clock(new Date(String(fields['time']))),
    level === 'info' ? '' : level,
    String(fields['msg'] ?? fields['event'] ?? ''),
    ...Object.entries(fields)
      .filter(([key]) => !LEFT_OUT.has(key))
      .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`),
  ];
  const urgent = LEVELS.indexOf(level) >= LEVELS.indexOf('error');
  return { text: harmless(words.filter((word) => word !== '').join(' ')), urgent };
}

/** `15:03:04`, where this machine is; nothing for no time. */
export function clock(time: Date): string {
  return Number.isNaN(time.getTime()) ? '' : time.toTimeString().slice(0, 8);
}

/** True for the one line by which a process says that it serves. */
export function isReadyLine(line: string): boolean {
  return jsonObject(line)?.['event'] === 'ready';
}

function jsonObject(line: string): Readonly<Record<string, unknown>> | null {
  if (!line.startsWith('{')) return null;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return null;
  }
}

/** Text without what a terminal would obey. */
export function harmless(text: string): string {
  return text.replace(CONTROL_CHARACTERS, ' ').trimEnd();
}
