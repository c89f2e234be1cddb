import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What 0.1.0 wrote: the inputs of workflows (those of a continue-as-new hold `carried`), and manifests. */
export function writtenBy010<T>(name: string): T {
  return JSON.parse(textOf010(name)) as T;
}

export function textOf010(name: string): string {
  return readFileSync(join(__dirname, '0.1.0', `${name}.json`), 'utf8');
}

/** The day on which the fixtures were written: its times move with the clock of a test, a read dated 2099 does not. */
const WRITTEN = { fromMs: Date.UTC(2026, 10, 29), untilMs: Date.UTC(2026, 10, 30) };

/** The same value with all its times later by so much. */
export function later<T>(value: T, byMs: number): T {
  const isOfThatDay = (ms: number) => ms >= WRITTEN.fromMs && ms <= WRITTEN.untilMs;
  return JSON.parse(JSON.stringify(value), (_key, part: unknown) => {
    if (typeof part === 'number' && isOfThatDay(part)) return part + byMs;
    if (typeof part !== 'string' || !isOfThatDay(Date.parse(part))) return part;
    return new Date(Date.parse(part) + byMs).toISOString();
  }) as T;
}
