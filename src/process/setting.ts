import { z } from 'zod';

/** Told by whoever reads a text, where what it expected depends on the text. */
export class Mistake {
  constructor(readonly expected: string) {}
}

/** A variable set to a text that `read` understands; for what it does not, it returns null, or says what it expected. */
export function setting<T>(expected: string, read: (text: string) => T | Mistake | null) {
  return z.string().transform((text, context): T => {
    const value = read(text);
    if (value !== null && !(value instanceof Mistake)) return value;
    context.addIssue({ code: 'custom', message: value instanceof Mistake ? value.expected : expected });
    return z.NEVER;
  });
}

/** Reads a comma-separated text of which every part has the form. */
export function separated(form: RegExp): (text: string) => readonly string[] | null {
  return (text) => {
    const parts = text.split(',').map((part) => part.trim());
    return parts.every((part) => form.test(part)) ? parts : null;
  };
}
