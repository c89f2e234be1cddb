import { Counter, type Registry } from 'prom-client';
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
  const report = createMinuteLog<'notifications' | 'other'>(
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
    report(path);
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
  const report = createMinuteLog<'wrapped'>((counts) =>
    log.warn(counts, 'ignored notices inside an envelope; expected the notification itself'),
  );
  return (notices) => {
    const reasons = notices.flatMap((notice) => (notice.kind === 'other' ? [notice.reason] : []));
    for (const reason of reasons) others.inc({ reason });
    report('wrapped', reasons.filter((reason) => reason === 'wrapped').length);
  };
}

const MINUTE_MS = 60_000;

/** Adds up counts by kind. Reports the first one at once, then at most once a minute. */
function createMinuteLog<Kind extends string>(
  report: (counts: Partial<Record<Kind, number>>) => void,
  nowMs?: () => number,
): (kind: Kind, count?: number) => void {
  let counts: Partial<Record<Kind, number>> = {};
  const isDue = createLogLimit(MINUTE_MS, nowMs);
  return (kind, count = 1) => {
    if (count === 0) return;
    counts[kind] = (counts[kind] ?? 0) + count;
    if (!isDue()) return;
    report(counts);
    counts = {};
  };
}
