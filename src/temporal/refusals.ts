import { Counter, type Registry } from 'prom-client';
import type { Told } from './codec';

/** Often enough to be seen; what a forger sends must not fill the log. */
const SAY_EVERY_MS = 60_000;

const MEANING: Readonly<Record<Told, string>> = {
  plaintext: 'not encrypted: a process without PAYLOAD_KEYS, or a stranger, writes to this namespace',
  altered: 'not as it was encrypted',
  foreign: 'of another workflow than the one that holds it',
  'unknown-key': 'encrypted with a key that PAYLOAD_KEYS does not list; what needs it waits for the key',
};

/** Counts payloads that were not decoded, and tells of them once a minute at most. */
export function createRefusals(
  registry: Registry,
  log: { warn(fields: object, text: string): void },
): (refusal: Told) => void {
  const counter = new Counter({
    name: 'chartway_payloads_refused_total',
    help: 'Payloads from Temporal that can never become readable (plaintext, altered, foreign), and attempts at those whose key is not listed (unknown-key).',
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
