import { Counter, type Registry } from 'prom-client';
import { MINUTE_MS } from '../domain/policy';
import type { Logger } from '../observability/log';
import { createLogLimit } from '../process/log-limit';
import type { ParsedNotice } from '../upstream/notices';
import { isLikelyNotifications } from './routes';

interface RequestLogDeps {
  readonly registry: Registry;
  readonly log: Logger;
  readonly nowMs?: (() => number) | undefined;
}

/** Counts and logs requests that are answered 404. No path is logged, because a wrong path may contain the secret. */
export function createNotFoundLog({ registry, log, nowMs }: RequestLogDeps): (target: string) => void {
  const requests = new Counter({
    name: 'chartway_webhook_not_found_total',
    help: 'Requests answered 404, by path: notifications (a segment has this name: a wrong URL, or a proxy that changes it) or other.',
    labelNames: ['path'],
    registers: [registry],
  });
  const countAndLog = createMinuteLog<'notifications' | 'other'>(
    (counts) =>
      log.warn(
        counts,
        'answered 404; the URL at the sender must end in /notifications or /notifications/<secret>, and a proxy must not change it',
      ),
    nowMs,
  );
  return (target) => {
    const path = isLikelyNotifications(target) ? 'notifications' : 'other';
    requests.inc({ path });
    countAndLog(path);
  };
}

/** Counts ignored notices by reason, and logs those inside an envelope, because a setting at the sender is wrong. */
export function createOtherNoticesLog({ registry, log }: RequestLogDeps): (notices: readonly ParsedNotice[]) => void {
  const others = new Counter({
    name: 'chartway_webhook_other_notices_total',
    help: 'Notices of kind other by reason: junk (not a notice), unknown-kind, invalid-id, wrapped (a notice inside an envelope).',
    labelNames: ['reason'],
    registers: [registry],
  });
  const countAndLog = createMinuteLog<'wrapped'>((counts) =>
    log.warn(counts, 'ignored notices inside an envelope; expected the notification itself'),
  );
  return (notices) => {
    const reasons = notices.flatMap((notice) => (notice.kind === 'other' ? [notice.reason] : []));
    for (const reason of reasons) others.inc({ reason });
    countAndLog('wrapped', reasons.filter((reason) => reason === 'wrapped').length);
  };
}

/** Adds up counts by kind. Logs the first one at once, then at most once a minute. */
function createMinuteLog<Kind extends string>(
  log: (counts: Partial<Record<Kind, number>>) => void,
  nowMs?: () => number,
): (kind: Kind, count?: number) => void {
  let counts: Partial<Record<Kind, number>> = {};
  const isDue = createLogLimit(MINUTE_MS, nowMs);
  return (kind, count = 1) => {
    if (count === 0) return;
    counts[kind] = (counts[kind] ?? 0) + count;
    if (!isDue()) return;
    log(counts);
    counts = {};
  };
}
