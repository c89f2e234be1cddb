import type { Payload, PayloadCodec } from '@temporalio/common';
import { temporal } from '@temporalio/proto';
import { KeyMissing, UNDECODABLE } from '../domain/encryption';
import { decrypt, encrypt, isKeyId, type KeyRing } from './key-ring';

/** Why a payload can never be decoded. `plaintext`: it is not encrypted; `altered`: it was changed or cut; `foreign`: it belongs to another workflow. */
type PermanentDecodeFault = 'plaintext' | 'altered' | 'foreign';
/** Why a payload was not decoded. `unknown-key`: its key is missing and may return. */
export type DecodeFault = PermanentDecodeFault | 'unknown-key';

/** Temporal's name: its UI asks the codec endpoint for payloads with this encoding. */
const ENCODING = 'binary/encrypted';
/** Authenticated, so that a later format of ciphertext is never read as this one. */
const VERSION = 1;

const { Payload: PayloadMessage } = temporal.api.common.v1;
const UNDECODABLE_PAYLOAD: Payload = {
  metadata: { encoding: Buffer.from('json/plain') },
  data: Buffer.from(JSON.stringify(UNDECODABLE)),
};

/**
 * Encrypts what Temporal stores: arguments, results, signals, memo, summaries, failures (AES-256-GCM). A payload names its key and its workflow
 * in plain text; both are authenticated together with the namespace. If the SDK passes a workflow, the payload must name that one, so that
 * ciphertext copied from another applicant does not decode. Calls `onFault` for each payload that is replaced by {@link UNDECODABLE}, and for each one
 * whose key is missing. `encrypts` false (PAYLOAD_ENCRYPTION=off with keys): writes plain payloads and reads them too.
 */
export function createPayloadCodec(
  ring: KeyRing,
  namespace: string,
  onFault: (fault: DecodeFault) => void = () => {},
  encrypts = true,
): PayloadCodec {
  return {
    async encode(payloads, context) {
      if (!encrypts) return payloads;
      const key = ring.key(ring.first, 'payload');
      if (key === null) throw new KeyMissing(ring.first);
      const workflowId = ownerWorkflowId(context?.workflowId ?? '');
      return payloads.map((payload) => ({
        metadata: { encoding: Buffer.from(ENCODING), key: Buffer.from(ring.first), workflow: Buffer.from(workflowId) },
        data: encrypt(key, PayloadMessage.encode(payload).finish(), boundLabels(ring.first, workflowId)),
      }));
    },

    /** @throws {KeyMissing} The caller retries, because the key may be added back. */
    async decode(payloads, context) {
      return payloads.map((payload) => {
        const decoded = decode(payload, context?.workflowId);
        if (typeof decoded !== 'string') return decoded;
        onFault(decoded);
        return UNDECODABLE_PAYLOAD;
      });
    },
  };

  function decode(payload: Payload, workflowId: string | undefined): Payload | PermanentDecodeFault {
    const { encoding, key: keyId, workflow } = payload.metadata ?? {};
    if (toText(encoding) !== ENCODING) return encrypts ? 'plaintext' : payload;
    if (!keyId || !workflow || !payload.data || !isKeyId(toText(keyId))) return 'altered';
    if (workflowId !== undefined && toText(workflow) !== ownerWorkflowId(workflowId)) return 'foreign';
    const key = ring.key(toText(keyId), 'payload');
    if (key === null) {
      onFault('unknown-key');
      throw new KeyMissing(toText(keyId));
    }
    const plain = decrypt(key, payload.data, boundLabels(toText(keyId), toText(workflow)));
    return plain === null ? 'altered' : PayloadMessage.decode(plain);
  }

  /** JSON, so that no two different lists of labels have the same bytes. */
  function boundLabels(keyId: string, workflowId: string): Buffer {
    return Buffer.from(JSON.stringify([VERSION, namespace, workflowId, keyId]));
  }
}

/** The id of the key that encrypted a payload; null if it is not encrypted, or names no key. */
export function keyIdOf({ metadata }: Payload): string | null {
  const id = toText(metadata?.['key']);
  return toText(metadata?.['encoding']) === ENCODING && isKeyId(id) ? id : null;
}

/** The end of the id of a run that a schedule started; a person's id has no colon. */
const SCHEDULED_AT = /-\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

/**
 * Runs of a schedule share one owner, the schedule's id: the action is encoded for that id, the server appends the time of each run, and passes the
 * result of one run to the next.
 */
function ownerWorkflowId(workflowId: string): string {
  return workflowId.replace(SCHEDULED_AT, '');
}

function toText(bytes: Uint8Array | null | undefined): string {
  return Buffer.from(bytes ?? []).toString();
}
