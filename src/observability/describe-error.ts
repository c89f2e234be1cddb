/** What of an error may leave the process in a log line. */
interface ErrorDescription {
  readonly name: string;
  /** Our own closed classes carry one; their messages are written by us. */
  readonly kind?: string;
  /** `ECONNREFUSED`, a gRPC status number and the like. */
  readonly code?: string | number;
  /** Only of our own closed classes. */
  readonly message?: string;
  readonly cause?: ErrorDescription;
}

/** Deep enough for a failure wrapped by an activity, a client and a socket; bounds a cause that points at itself. */
const MAX_CAUSES = 4;
/** Names and codes are identifiers; anything else may be data that somebody put there. */
const IDENTIFIER = /^[A-Za-z][A-Za-z0-9_]{0,63}$/;

/**
 * An error as name, code and causes. The message is kept only of errors with a string `kind`, the mark of our closed classes: a message of
 * any other library may quote what it was given (JSON.parse quotes the text), and that may be a person's data.
 */
export function describeError(error: unknown, depth = MAX_CAUSES): ErrorDescription {
  if (!(error instanceof Error)) return { name: error === null ? 'null' : typeof error };
  const { kind, code } = error as { kind?: unknown; code?: unknown };
  return {
    name: IDENTIFIER.test(error.name) ? error.name : 'Error',
    ...(isIdentifier(kind, true) ? { kind, message: error.message } : {}),
    ...(typeof code === 'number' || isIdentifier(code, false) ? { code } : {}),
    ...(error.cause !== undefined && depth > 1 ? { cause: describeError(error.cause, depth - 1) } : {}),
  };
}

function isIdentifier(value: unknown, dashes: boolean): value is string {
  return typeof value === 'string' && IDENTIFIER.test(dashes ? value.replaceAll('-', '_') : value);
}
