import type { AuditKeys } from '../observability/audit-chain';
import { setting } from '../observability/setting';
import { KEYS_EXPECTED, type KeyRing, parseKeyRing } from './key-ring';

/** The variable of the audit log's own keys. */
export const AUDIT_KEY_VARIABLES = { AUDIT_KEY: setting(KEYS_EXPECTED, parseKeyRing).optional() };

/** Before the id of an entry of `PAYLOAD_KEYS`, so that it is never taken for one of `AUDIT_KEY`. */
const DERIVED = 'payload:';
/** An entry of this name is the webhook's own (docs/production.md, "Keys"): the process that the internet reaches must not sign for others. */
const OF_THE_WEBHOOK = /^webhook/;

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
