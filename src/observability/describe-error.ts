/** The parts of an error that a log line may show. */
interface ErrorDescription {
  readonly name: string;
  /** Set by our own error classes, whose messages hold no data. */
  readonly kind?: string;
  /** `ECONNREFUSED`, a gRPC status number and the like. */
  readonly code?: string | number;
  /** Only of errors with a `kind`. */
  readonly message?: string;
  readonly cause?: ErrorDescription;
}

/** Enough for an error wrapped by an activity, a client and a socket; stops at a cause that points at itself. */
const MAX_CAUSES = 4;
const IDENTIFIER = /^[A-Za-z][A-Za-z0-9_]{0,63}$/;

/**
 * An error as name, code and causes. Only errors with a string `kind` keep their message: messages of libraries may quote their input, for
 * example JSON.parse, and that may be personal data.
 */
export function describeError(error: unknown, depth = MAX_CAUSES): ErrorDescription {
  if (!(error instanceof Error)) return { name: error === null ? 'null' : typeof error };
  const { kind, code } = error as { kind?: unknown; code?: unknown };
  return {
    name: isIdentifier(error.name) ? error.name : 'Error',
    ...(typeof kind === 'string' && isIdentifier(kind.replaceAll('-', '_')) ? { kind, message: error.message } : {}),
    ...(typeof code === 'number' || isIdentifier(code) ? { code } : {}),
    ...(error.cause !== undefined && depth > 1 ? { cause: describeError(error.cause, depth - 1) } : {}),
  };
}

/** Whether a name, type or code may be logged: other text may be data. */
export function isIdentifier(value: unknown): value is string {
  return typeof value === 'string' && IDENTIFIER.test(value);
}
