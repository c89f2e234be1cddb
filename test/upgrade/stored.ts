import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * What each released version wrote: inputs of workflows (`carried-*`, `mailbox` and `refresh` are those of a continue-as-new) from the histories of
 * runs on a dev server that suggests it after 40 events, and manifests from a folder store. A release adds a folder; its files never change.
 */
export const VERSIONS = ['0.1.0', '0.2.0'] as const;
export type Version = (typeof VERSIONS)[number];

export function writtenBy<T>(version: Version, name: string): T {
  return JSON.parse(textOf(version, name)) as T;
}

export function textOf(version: Version, name: string): string {
  return readFileSync(join(__dirname, version, `${name}.json`), 'utf8');
}

/** The days on which the fixtures were written: these times move with the clock of a test; a read dated 2099 does not. */
const WRITTEN = { fromMs: Date.UTC(2026, 10, 29), untilMs: Date.UTC(2026, 11, 1) };

/** The same value, with all its times moved by `byMs`. */
export function shiftTimes<T>(value: T, byMs: number): T {
  const isFromThen = (ms: number) => ms >= WRITTEN.fromMs && ms <= WRITTEN.untilMs;
  return JSON.parse(JSON.stringify(value), (_key, part: unknown) => {
    if (typeof part === 'number' && isFromThen(part)) return part + byMs;
    if (typeof part !== 'string' || !isFromThen(Date.parse(part))) return part;
    return new Date(Date.parse(part) + byMs).toISOString();
  }) as T;
}
