import type { Format } from '../../domain/reports';
import { NotTheDocument } from '../port';

/** Looks at a document's bytes while they pass: once, in some KiB of memory whatever the size. An error names nothing of what it saw. */
export interface FormatCheck {
  /** @throws NotTheDocument as soon as that can be said */
  take(piece: Uint8Array): void;
  /** After the last piece. @throws NotTheDocument */
  finish(): void;
}

/** What was expected of a document and what came, in words of ours. */
export function wrong(format: Format, expected: string, got: string): NotTheDocument {
  return new NotTheDocument(`a ${format} document: expected ${expected}, got ${got}`);
}
