import type { AuditKeys } from '../observability/audit-chain';
import { type ConfigurationFault, type Environment, faultOf } from '../process/configuration-fault';
import { setting } from '../process/setting';
import { KEYS_EXPECTED, type KeyRing, parseKeyRing } from './key-ring';

/** The variable of the audit log's own keys. */
export const AUDIT_KEY_VARIABLES = { AUDIT_KEY: setting(KEYS_EXPECTED, parseKeyRing).optional() };

/** Before the id of an entry of `PAYLOAD_KEYS`, so that it is never taken for one of `AUDIT_KEY`. */
const DERIVED = 'payload:';
/** An entry of this name is the webhook's own (docs/production.md, "Keys"): the process that the internet reaches must not sign for others. */
const OF_THE_WEBHOOK = /^webhook/;

/**
 * What the form of `AUDIT_KEY` cannot tell: the webhook must not have the keys of others, and a process that signs must have one that may sign
 * for it, or it would silently sign with none.
 */
export function auditKeyFaults(processName: string, set: Environment): ConfigurationFault[] {
  const ids = parseKeyRing(set['AUDIT_KEY'] ?? '')?.ids ?? [];
  if (ids.length === 0 || processName === 'verifier') return [];
  if (processName === 'webhook') {
    if (ids.every((id) => OF_THE_WEBHOOK.test(id))) return [];
    const expected =
      'entries with ids that begin with "webhook" (`npm run keygen -- webhook-audit` makes one), or nothing, because the webhook, which the ' +
      'internet reaches, must not be able to sign for other processes';
    return [faultOf('AUDIT_KEY', expected, set)];
  }
  if (ids.some((id) => !OF_THE_WEBHOOK.test(id))) return [];
  const expected =
    'an entry with an id that does not begin with "webhook" (`npm run keygen -- audit` makes one), because the others sign for the webhook alone';
  return [faultOf('AUDIT_KEY', expected, set)];
}

/** The entries of `AUDIT_KEY` that the webhook may have, in the same form. */
export function entriesOfWebhook(text: string): string {
  return text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => OF_THE_WEBHOOK.test(entry))
    .join(',');
}

/**
 * The keys of the audit log: those of `AUDIT_KEY`, else derived from `PAYLOAD_KEYS`. The first signs, all verify. The webhook signs with an
 * `AUDIT_KEY` of its own or not at all.
 */
export function createAuditKeys(processName: string, own: KeyRing | null, payload: KeyRing | null): AuditKeys {
  const usable = (ring: KeyRing | null, reader: string) =>
    (ring?.ids ?? []).find((id) => reader === 'webhook' || !OF_THE_WEBHOOK.test(id)) ?? null;
  const named = (id: string) =>
    id.startsWith(DERIVED)
      ? { ring: payload, entry: id.slice(DERIVED.length), strength: 1 as const }
      : { ring: own, entry: id, strength: 2 as const };
  const find: AuditKeys['find'] = (id, signer) => {
    const { ring, entry, strength } = named(id);
    if (signer !== 'webhook' && OF_THE_WEBHOOK.test(entry)) return 'foreign';
    const secret = ring?.key(entry, 'audit') ?? null;
    return secret && { id, secret, strength };
  };
  const expects: AuditKeys['expects'] = (signer) =>
    signer === 'webhook' ? (own?.ids ?? []).some((id) => OF_THE_WEBHOOK.test(id)) : (own ?? payload) !== null;
  const first = usable(own, processName);
  const derived = processName === 'webhook' || own !== null ? null : usable(payload, processName);
  const signs = first ?? (derived === null ? null : `${DERIVED}${derived}`);
  const signing = signs === null ? null : find(signs, processName);
  return { signing: signing === 'foreign' ? null : signing, expects, find };
}
