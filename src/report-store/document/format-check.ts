import type { Format } from '../../domain/reports';
import { NotTheDocument } from '../errors';

/** Checks a document's bytes in one pass, in a few KiB of memory. An error quotes none of them. */
export interface FormatCheck {
  /** @throws NotTheDocument as early as possible */
  take(piece: Uint8Array): void;
  /** Called after the last piece. @throws NotTheDocument */
  finish(): void;
}

export function documentFault(format: Format, expected: string, got: string): NotTheDocument {
  return new NotTheDocument(`a ${format} document: expected ${expected}, got ${got}`);
}
