/** A caller of the api waits for the answer of a start. */
const START_TIMEOUT_MS = 5_000;

/** The deadline of the calls of a start that begins now, ms since 1970. */
export function startDeadlineMs(): number {
  return Date.now() + START_TIMEOUT_MS;
}
