import type { Payload, PayloadCodec } from '@temporalio/common';
import { temporal } from '@temporalio/proto';
import { KeyMissing, UNDECODABLE } from '../domain/encryption';
import { decrypt, encrypt, isKeyId, type KeyRing } from './key-ring';

/** Why a payload can never become readable. `plaintext`: not encrypted at all; `altered`: bytes or labels changed, or cut; `foreign`: of another workflow. */
type Refusal = 'plaintext' | 'altered' | 'foreign';
/** What is told of a payload that is not decoded; `unknown-key`: not yet, for its key may come back. */
export type Told = Refusal | 'unknown-key';

/** Temporal's own word for it: its UI asks the codec endpoint for payloads of this encoding. */
const ENCODING = 'binary/encrypted';
/** A part of what is authenticated: a later form of ciphertext cannot be taken for this one. */
const VERSION = 1;

const { Payload: PayloadMessage } = temporal.api.common.v1;
const MARKER: Payload = {
  metadata: { encoding: Buffer.from('json/plain') },
  data: Buffer.from(JSON.stringify(UNDECODABLE)),
};

/**
 * Encrypts what Temporal keeps: arguments, results, signals, memo, summaries, failures (AES-256-GCM). A payload names its key and its workflow in
 * clear; both are authenticated with the namespace, and where the SDK says whose payload it is, that workflow has to be the one named, so that
 * ciphertext moved to another applicant does not decode. `refused` hears of each payload that became {@link UNDECODABLE}, and at each attempt of
 * one that waits for its key.
 */
export function createPayloadCodec(
  ring: KeyRing,
  namespace: string,
  refused: (refusal: Told) => void = () => {},
): PayloadCodec {
  return {
    async encode(payloads, context) {
      const key = ring.key(ring.first, 'payload');
      if (key === null) throw new KeyMissing(ring.first);
      const workflowId = ownerOf(context?.workflowId ?? '');
      return payloads.map((payload) => ({
        metadata: { encoding: Buffer.from(ENCODING), key: Buffer.from(ring.first), workflow: Buffer.from(workflowId) },
        data: encrypt(key, PayloadMessage.encode(payload).finish(), labels(ring.first, workflowId)),
      }));
    },

    /** @throws {KeyMissing} for a key that may come back: whatever needs the payload is tried again then. */
    async decode(payloads, context) {
      return payloads.map((payload) => {
        const decoded = decode(payload, context?.workflowId);
        if (typeof decoded !== 'string') return decoded;
        refused(decoded);
        return MARKER;
      });
    },
  };

  function decode(payload: Payload, workflowId: string | undefined): Payload | Refusal {
    const { encoding, key: keyId, workflow } = payload.metadata ?? {};
    if (text(encoding) !== ENCODING) return 'plaintext';
    if (!keyId || !workflow || !payload.data || !isKeyId(text(keyId))) return 'altered';
    if (workflowId !== undefined && text(workflow) !== ownerOf(workflowId)) return 'foreign';
    const key = ring.key(text(keyId), 'payload');
    if (key === null) {
      refused('unknown-key');
      throw new KeyMissing(text(keyId));
    }
    const plain = decrypt(key, payload.data, labels(text(keyId), text(workflow)));
    return plain === null ? 'altered' : PayloadMessage.decode(plain);
  }

  /** Unambiguous, whatever the parts hold. */
  function labels(keyId: string, workflowId: string): Buffer {
    return Buffer.from(JSON.stringify([VERSION, namespace, workflowId, keyId]));
  }
}

/**
 * For a worker that encrypts no more (PAYLOAD_ENCRYPTION=off with keys): writes in clear, takes what is in clear, and still reads what was
 * encrypted before.
 */
export function createReadingCodec(ring: KeyRing, namespace: string, refused?: (refusal: Told) => void): PayloadCodec {
  const { decode } = createPayloadCodec(ring, namespace, refused);
  return {
    encode: async (payloads) => payloads,
    decode: async (payloads, context) => {
      const decoded = payloads.map((payload) =>
        text(payload.metadata?.['encoding']) === ENCODING ? decode([payload], context) : [payload],
      );
      return (await Promise.all(decoded)).flat();
    },
  };
}

/** The id of the key that a payload was encrypted with; null for one that is not encrypted, or names none. */
export function keyIdOf({ metadata }: Payload): string | null {
  const id = text(metadata?.['key']);
  return text(metadata?.['encoding']) === ENCODING && isKeyId(id) ? id : null;
}

/** Behind the id of what a schedule starts; no id of a person can hold a colon. */
const SCHEDULED_AT = /-\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

/**
 * Whose payload it is. A schedule encodes its action for the action's id, the server starts it under that id with the time behind it, and hands
 * the result of one run to the next: they are all one owner's.
 */
function ownerOf(workflowId: string): string {
  return workflowId.replace(SCHEDULED_AT, '');
}

function text(bytes: Uint8Array | null | undefined): string {
  return Buffer.from(bytes ?? []).toString();
}
