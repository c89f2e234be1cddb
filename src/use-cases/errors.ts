import type { Refusal } from '../domain/steering';
import type { ActionsView, ApplicantView, BatchView } from './views';

/** A use case that was not done. Holds codes, field names and the state of the applicant; never a value that the caller sent. */
export abstract class UseCaseError extends Error {
  abstract readonly kind: string;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** Neither Temporal nor the store has the applicant, the document or the file. An erased applicant looks the same. */
export class NotFound extends UseCaseError {
  readonly kind = 'not-found';

  constructor(message = 'neither Temporal nor the report store has this applicant') {
    super(message);
  }
}

/** The applicant was started with other details. `differs`: the names of the fields; null if only a digest is left. */
export class DetailsConflict extends UseCaseError {
  readonly kind = 'details-conflict';

  constructor(
    readonly differs: readonly string[] | null,
    readonly current: ApplicantView,
  ) {
    super('the applicant was started with other details');
  }
}

/** The action does not fit the state of the applicant. */
export class NotNow extends UseCaseError {
  readonly kind = 'not-now';
  readonly actions: ActionsView | null;

  constructor(
    readonly why: Refusal | InvitationRefusal,
    readonly current: ApplicantView,
  ) {
    super(`the applicant does not allow this now: ${why}`);
    this.actions = current.actions;
  }
}

/** Why an open applicant has no invitation link yet. */
export type InvitationRefusal = 'not-invited-yet';

/** The batch has ended, or is cancelled. */
export class BatchEnded extends UseCaseError {
  readonly kind = 'batch-ended';

  constructor(readonly current: BatchView) {
    super('the batch has ended or is cancelled');
  }
}

/** The Idempotency-Key of a batch was used with another file. */
export class KeyReused extends UseCaseError {
  readonly kind = 'key-reused';

  constructor() {
    super('the Idempotency-Key was used with another file');
  }
}

/** The file of a batch is too large. */
export class TooLarge extends UseCaseError {
  readonly kind = 'too-large';
}

/** `again` with the ETag of an earlier state. */
export class PreconditionFailed extends UseCaseError {
  readonly kind = 'precondition-failed';

  constructor(readonly current: ApplicantView) {
    super('the applicant has changed since the caller read it');
  }
}

/** `again` without an ETag. */
export class PreconditionRequired extends UseCaseError {
  readonly kind = 'precondition-required';
}

/** An invalid field of a body (`pointer`, RFC 6901) or an invalid parameter. `expected` is our own text. */
export interface InputFault {
  readonly pointer?: string;
  readonly parameter?: string;
  readonly code: string;
  readonly expected: string;
}

/** `part`: where the faults are. */
export class InvalidInput extends UseCaseError {
  readonly kind = 'invalid-input';

  constructor(
    readonly part: 'body' | 'parameters',
    readonly errors: readonly InputFault[],
  ) {
    super('expected valid input');
  }
}

/**
 * Something that the use case needs did not answer. `done`: whether the act may have happened; repeating it is safe. An audit log that cannot be
 * written throws AuditUnavailable, which means `nothing`; `audit`: it cannot be read.
 */
export class Unavailable extends UseCaseError {
  readonly kind = 'unavailable';

  constructor(
    readonly what: 'temporal' | 'worker' | 'store' | 'audit',
    readonly done: 'nothing' | 'unknown',
    cause?: unknown,
  ) {
    super(`${what} did not answer`, { cause });
  }
}

/** Whether the error shows that the act was not done. After another error it may have been done. */
export function isNotDone(error: unknown): error is UseCaseError {
  return error instanceof UseCaseError && !(error instanceof Unavailable && error.done === 'unknown');
}
