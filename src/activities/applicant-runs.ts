import type { ReportNotice } from '../domain/notices';
import type { CheckSchedule } from '../domain/refresh';

/** `refreshing`: the refresh of a closed applicant took the notice. `closed-or-unknown`: no run can take it. */
export type DeliveryResult = 'taken' | 'refreshing' | 'closed-or-unknown';

/**
 * The applicants' runs in Temporal. A repeated notice with the same request id, or a repeated schedule, changes nothing. Each method throws what
 * Temporal's client throws.
 */
export interface ApplicantRuns {
  isOpen(clientUserId: string): Promise<boolean>;
  /**
   * When the open run started, in ms since 1970. Null if no run is open, or if it shows the stage `closed`: it then forwards its notices to the
   * refresh itself.
   */
  openSinceMs(clientUserId: string): Promise<number | null>;
  /** The clientUserId of the applicant with this humanId, by search attribute; null if Temporal lists none. */
  findByHumanId(humanId: string): Promise<string | null>;
  /** Delivers a report notice to the open run, or to the refresh if the applicant closed recently. */
  deliverToRunOrRefresh(clientUserId: string, notice: ReportNotice, requestId: string): Promise<DeliveryResult>;
  /** Delivers a report notice to the open run only. */
  deliverToOpenRun(
    clientUserId: string,
    notice: ReportNotice,
    requestId: string,
  ): Promise<'taken' | 'closed-or-unknown'>;
  /** Delivers a report notice to the applicant's refresh, which is started if it does not run. */
  deliverToRefresh(clientUserId: string, notice: ReportNotice, requestId: string): Promise<void>;
  /**
   * Schedules checks by the applicant's refresh. If it does not run, it is started and begins after `delayMs`. Does nothing if the refresh holds its
   * maximum of signals, because it then lists the reports anyway.
   */
  scheduleChecks(clientUserId: string, schedule: CheckSchedule, delayMs: number): Promise<void>;
}
