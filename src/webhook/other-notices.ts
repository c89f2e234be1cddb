import { Counter, type Registry } from 'prom-client';
import type { Logger } from '../observability/log';
import type { ParsedNotice } from '../upstream/notices';
import { createMinuteReport } from './minute-report';

/** Counts the notices that say nothing to us by their reason, and logs those inside of an envelope: a setting at the sender's is wrong. */
export function createOtherNoticesReport(deps: {
  readonly registry: Registry;
  readonly log: Logger;
}): (notices: readonly ParsedNotice[]) => void {
  const others = new Counter({
    name: 'chartway_webhook_other_notices_total',
    help: 'Notices of kind other by reason: junk (no notice), unknown-kind, invalid-id, wrapped (a notice inside of an envelope).',
    labelNames: ['reason'],
    registers: [deps.registry],
  });
  const report = createMinuteReport<'wrapped'>((notices) =>
    deps.log.warn(notices, 'ignored, because they are inside of an envelope; expected the notification itself'),
  );
  return (notices) => {
    const reasons = notices.flatMap((notice) => (notice.kind === 'other' ? [notice.reason] : []));
    for (const reason of reasons) others.inc({ reason });
    report('wrapped', reasons.filter((reason) => reason === 'wrapped').length);
  };
}
