import type { AuditKeys } from '../observability/audit-chain';
import { type ConfigurationFault, describeFault, type Environment } from '../process/configuration-fault';
import { setting } from '../process/setting';
import { KEYS_EXPECTED, type KeyRing, parseKeyRing } from './key-ring';

export const AUDIT_KEY_VARIABLES = { AUDIT_KEY: setting(KEYS_EXPECTED, parseKeyRing).optional() };

/** The prefix of the ids of keys derived from `PAYLOAD_KEYS`, so that none equals an id of `AUDIT_KEY`. */
const DERIVED = 'payload:';
/** The ids of the webhook's own keys (docs/production.md, "Keys"): the process on the internet must not sign for others. */
const WEBHOOK_ID = /^webhook/;

/**
 * Faults of `AUDIT_KEY` beyond its form. The webhook may have only webhook keys. Any other process needs a key that is not a webhook key; without one
 * it would write unsigned lines.
 */
export function auditKeyFaults(processName: string, set: Environment): ConfigurationFault[] {
  const ids = parseKeyRing(set['AUDIT_KEY'] ?? '')?.ids ?? [];
  if (ids.length === 0 || processName === 'verifier') return [];
  if (processName === 'webhook') {
    if (ids.every((id) => WEBHOOK_ID.test(id))) return [];
    const expected =
      'entries with ids that begin with "webhook" (`npm run keygen -- webhook-audit` makes one), or nothing, because the webhook is reached ' +
      'from the internet and must not be able to sign for other processes';
    return [describeFault('AUDIT_KEY', expected, set)];
  }
  if (ids.some((id) => !WEBHOOK_ID.test(id))) return [];
  const expected =
    'at least one entry whose id does not begin with "webhook" (`npm run keygen -- audit` makes one), because webhook keys sign for the webhook only';
  return [describeFault('AUDIT_KEY', expected, set)];
}

/** The entries of `AUDIT_KEY` that the webhook may have, in the same form. */
export function selectWebhookKeys(text: string): string {
  return text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => WEBHOOK_ID.test(entry))
    .join(',');
}

/**
 * The keys of the audit log: those of `AUDIT_KEY`, else derived from `PAYLOAD_KEYS`. The first one signs, all verify. The webhook signs with its
 * own `AUDIT_KEY` or not at all.
 */
export function createAuditKeys(processName: string, own: KeyRing | null, payload: KeyRing | null): AuditKeys {
  const findUsableId = (ring: KeyRing | null) =>
    (ring?.ids ?? []).find((id) => processName === 'webhook' || !WEBHOOK_ID.test(id)) ?? null;
  const locateKey = (id: string) =>
    id.startsWith(DERIVED)
      ? { ring: payload, entry: id.slice(DERIVED.length), strength: 1 as const }
      : { ring: own, entry: id, strength: 2 as const };
  const find: AuditKeys['find'] = (id, signer) => {
    const { ring, entry, strength } = locateKey(id);
    if (signer !== 'webhook' && WEBHOOK_ID.test(entry)) return 'foreign';
    const secret = ring?.key(entry, 'audit') ?? null;
    return secret && { id, secret, strength };
  };
  const expects: AuditKeys['expects'] = (signer) =>
    signer === 'webhook' ? (own?.ids ?? []).some((id) => WEBHOOK_ID.test(id)) : (own ?? payload) !== null;
  const derived = processName === 'webhook' || own !== null ? null : findUsableId(payload);
  const signingId = findUsableId(own) ?? (derived === null ? null : `${DERIVED}${derived}`);
  const signing = signingId === null ? null : find(signingId, processName);
  return { signing: signing === 'foreign' ? null : signing, expects, find };
}
