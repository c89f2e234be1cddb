import type { Client } from '@temporalio/client';
import { isClientUserId } from '../domain/identifiers';
import type { ReportNotice } from '../domain/notices';
import { isStillConnected, isWithinRefreshPeriod } from '../domain/refresh';
import { readRun, signalRefresh } from './runs';
import { NoticeUndelivered, type Signals } from './signals';

/** What became of a report notice for which no applicant was open. `open-again`: there is one by now. */
type LateReport = 'refreshing' | 'open-again' | 'closed-or-unknown';

/**
 * The way of a report notice that found no open applicant: to `refresh-<clientUserId>`, started where none runs, if the round closed recently
 * and the person was not withdrawn. What Temporal has forgotten the manifest may still know, so the refresh is started to ask it.
 * @throws {NoticeUndelivered}
 */
export function createLateReports(deps: {
  readonly client: Client;
  readonly signals: Signals;
  /** How long after the closing new versions are taken. */
  readonly refreshForMs: number;
}) {
  const { client, signals, refreshForMs } = deps;

  return async (
    clientUserId: string,
    notice: ReportNotice,
    requestId: string,
    untilMs: number,
  ): Promise<LateReport> => {
    if (!isClientUserId(clientUserId)) return 'closed-or-unknown';
    const run = await readRun(client, clientUserId, untilMs).catch((error: unknown) => {
      throw new NoticeUndelivered('unavailable', 'describe', error);
    });
    if (run?.standing === 'open') return 'open-again';
    if (run?.standing === 'forced') return 'closed-or-unknown';
    // A reason stands in the run's result only; the refresh reads it in the manifest.
    if (run?.outcome && !isStillConnected(run.outcome, null)) return 'closed-or-unknown';
    if (run && !isWithinRefreshPeriod(Date.now(), run.closedAtMs, refreshForMs)) return 'closed-or-unknown';
    await signalRefresh(signals, { clientUserId, notice, requestId, untilMs });
    return 'refreshing';
  };
}
