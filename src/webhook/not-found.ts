import { Counter, type Registry } from 'prom-client';
import type { Logger } from '../observability/log';
import { createMinuteReport } from './minute-report';
import { isNearMiss } from './routes';

const HINT =
  'answered 404; the URL of the vendor must end in /notifications or /notifications/<secret>, and a proxy in front must pass it on';

/** Counts and logs the requests that are answered 404. Nothing of their targets is logged: a wrong path may hold the secret. */
export function createNotFoundReport(deps: {
  readonly registry: Registry;
  readonly log: Logger;
  readonly nowMs?: (() => number) | undefined;
}): (target: string) => void {
  const requests = new Counter({
    name: 'chartway_webhook_not_found_total',
    help: 'Requests answered 404, by path: notifications (one of its segments has this name: a wrong URL, or a proxy that changes it) or other.',
    labelNames: ['path'],
    registers: [deps.registry],
  });
  const report = createMinuteReport<'notifications' | 'other'>((requests) => deps.log.warn(requests, HINT), deps.nowMs);
  return (target) => {
    const path = isNearMiss(target) ? 'notifications' : 'other';
    requests.inc({ path });
    report(path);
  };
}
