import { Counter, type Registry } from 'prom-client';
import { createLogLimit } from '../process/log-limit';
import type { DecodeFault } from './codec';

/** A forger must not be able to fill the log. */
const LOG_EVERY_MS = 60_000;

const MEANINGS: Readonly<Record<DecodeFault, string>> = {
  plaintext: 'not encrypted: a process without PAYLOAD_KEYS, or another program, writes to this namespace',
  altered: 'changed since it was encrypted',
  foreign: 'encrypted for another workflow than the one that holds it',
  'unknown-key': 'encrypted with a key that PAYLOAD_KEYS does not list; work that needs it waits for the key',
};

/** Counts payloads that were not decoded, and logs one at most once a minute. */
export function createDecodeFaultReport(
  registry: Registry,
  log: { warn(fields: object, text: string): void },
): (fault: DecodeFault) => void {
  const counter = new Counter({
    name: 'chartway_payloads_refused_total',
    help: 'Payloads from Temporal that can never be decoded (plaintext, altered, foreign), and attempts at those whose key is not listed (unknown-key).',
    labelNames: ['refusal'],
    registers: [registry],
  });
  for (const fault of Object.keys(MEANINGS)) counter.inc({ refusal: fault }, 0);
  const isLogDue = createLogLimit(LOG_EVERY_MS);
  return (fault) => {
    counter.inc({ refusal: fault });
    if (isLogDue()) log.warn({ refusal: fault }, `cannot decode a payload from Temporal: ${MEANINGS[fault]}`);
  };
}
