/**
 * Deadlines of a request, in ms since its header arrived. Human API gives up after 3 s, so an answer must be sent within 2.5 s. `body`: the body is
 * read. `temporal`: the wait for Temporal ends. `durable`: the body is decompressed, and what Temporal did not accept is in the spool or the quarantine.
 */
export const DEADLINES = { body: 2_000, temporal: 2_000, durable: 2_300 } as const;

/** The time limit for a notice of the spool, in ms. No sender waits for it. */
export const REDELIVERY_MS = 5_000;
