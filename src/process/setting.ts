import { z } from 'zod';

/** Returned by a reader whose expectation depends on the text. */
export class SettingFault {
  constructor(readonly expected: string) {}
}

/** A variable whose text `read` parses; `read` returns null or a SettingFault for an invalid text. */
export function setting<T>(expected: string, read: (text: string) => T | SettingFault | null) {
  return z.string().transform((text, context): T => {
    const value = read(text);
    if (value !== null && !(value instanceof SettingFault)) return value;
    context.addIssue({ code: 'custom', message: value instanceof SettingFault ? value.expected : expected });
    return z.NEVER;
  });
}

/** A reader of texts that match `form`. */
export function parseMatch(form: RegExp): (text: string) => string | null {
  return (text) => (form.test(text) ? text : null);
}

/** A reader of comma-separated texts, of which each must be valid; by default, not empty. */
export function parseList(
  isValid = (part: string): boolean => part !== '',
): (text: string) => readonly string[] | null {
  return (text) => {
    const parts = text.split(',').map((part) => part.trim());
    return parts.every(isValid) ? parts : null;
  };
}

/** Whether a text turns something off. In any case, because `OFF` must not become a folder. */
export function isOff(text: string): boolean {
  return /^\s*off\s*$/i.test(text);
}
