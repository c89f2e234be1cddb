import { Counter, type Registry } from 'prom-client';
import type { Refusal } from './codec';

/** Often enough to be seen; what a forger sends must not fill the log. */
const SAY_EVERY_MS = 60_000;

const MEANING: Readonly<Record<Refusal, string>> = {
  plaintext: 'not encrypted: a process without PAYLOAD_KEYS, or a stranger, writes to this namespace',
  altered: 'not as it was encrypted',
  foreign: 'of another workflow than the one that holds it',
};

/** Counts payloads that can never become readable and were put aside, and tells of them once a minute at most. */
export function createRefusals(
  registry: Registry,
  log: { warn(fields: object, text: string): void },
): (refusal: Refusal) => void {
  const counter = new Counter({
    name: 'chartway_payloads_refused_total',
    help: 'Payloads from Temporal that can never become readable, by why: plaintext, altered, foreign.',
    labelNames: ['refusal'],
    registers: [registry],
  });
  for (const refusal of Object.keys(MEANING)) counter.inc({ refusal }, 0);
  let saidMs = Number.NEGATIVE_INFINITY;
  return (refusal) => {
    counter.inc({ refusal });
    if (performance.now() - saidMs < SAY_EVERY_MS) return;
    saidMs = performance.now();
    log.warn({ refusal }, `a payload from Temporal was refused: ${MEANING[refusal]}`);
  };
}
