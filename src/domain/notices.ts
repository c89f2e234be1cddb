/** A status notification: a hint that a read confirms or refutes. Signals carry these field names. */
export interface StatusNotice {
  readonly humanId: string;
  readonly status: string;
  readonly updatedAt: string | null;
}

/** A report notification. Signals carry these field names. */
export interface ReportNotice {
  readonly humanId: string;
  readonly reportId: string;
  readonly type: string | null;
  readonly updatedAt: string | null;
  /** The request id of the signal that forwards the notice from a mailbox or a refresh. Missing in signals of 0.1.0. */
  readonly requestId?: string;
}

/** Notices per batch of activities: the server rejects a workflow task that leaves 2,000 activities pending. */
export const NOTICES_PER_BATCH = 50;

/** A notice and its destination, as the spool and the quarantine store it. 0.1.0 stored no `requestId`. */
export type Notice =
  | ({ readonly kind: 'status'; readonly clientUserId: string; readonly requestId?: string } & StatusNotice)
  | ({ readonly kind: 'report' } & ReportNotice);
