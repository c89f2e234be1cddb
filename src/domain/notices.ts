/** A status notification, which a read confirms or refutes. Signals have these field names. */
export interface StatusNotice {
  readonly humanId: string;
  readonly status: string;
  readonly updatedAt: string | null;
}

/** A report notification. Signals have these field names. */
export interface ReportNotice {
  readonly humanId: string;
  readonly reportId: string;
  readonly type: string | null;
  readonly updatedAt: string | null;
  /** The request id for the signal by which a mailbox or a refresh forwards the notice. Missing in signals of 0.1.0. */
  readonly requestId?: string;
}

/** How many notices one step forwards: the server rejects a workflow task that leaves 2,000 activities pending. */
export const NOTICES_PER_BATCH = 50;

/** A notice as the spool and the quarantine store it. 0.1.0 stored no `requestId`. */
export type Notice =
  | ({ readonly kind: 'status'; readonly clientUserId: string; readonly requestId?: string } & StatusNotice)
  | ({ readonly kind: 'report' } & ReportNotice);
