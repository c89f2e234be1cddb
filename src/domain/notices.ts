/** What a status notification says: a hint, never a truth. Field names are those of the signal's payload. */
export interface StatusNotice {
  readonly humanId: string;
  readonly status: string;
  readonly updatedAt: string | null;
}

/** A report notification: it names a report, nothing more. Field names are those of the signal's payload. */
export interface ReportNotice {
  readonly humanId: string;
  readonly reportId: string;
  readonly type: string | null;
  readonly updatedAt: string | null;
  /** The request id of the signal that forwards it; only a mailbox and a refresh need it. Missing in signals of 0.1.0. */
  readonly requestId?: string;
}

/** A notice and its destination, as the spool and the quarantine store it. `requestId`: missing in what 0.1.0 stored. */
export type Notice =
  | ({ readonly kind: 'status'; readonly clientUserId: string; readonly requestId?: string } & StatusNotice)
  | ({ readonly kind: 'report' } & ReportNotice);
