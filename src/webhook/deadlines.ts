/**
 * Deadlines of a request in ms since its first byte. Human API gives up after 3 s, and an answer must be out after 2.5 s. `body`: the body is
 * read. `temporal`: Temporal has answered. `durable`: the body is decompressed, and what Temporal did not take is in the spool or the quarantine.
 */
export const DEADLINES = { body: 2_000, temporal: 2_000, durable: 2_300 } as const;

/** For a notice of the spool, in ms. No sender waits; a Temporal that is back is noticed within this time. */
export const REDELIVERY_MS = 5_000;
