import type { Payload } from '@temporalio/common';
import { createPayloadCodec } from '../temporal/codec';
import type { KeyRing } from '../temporal/key-ring';

/** A payload of ours has three entries, of Temporal's own converters four; more is somebody else's, and theirs to carry. */
const MOST_METADATA = 32;

/** What was asked, decoded as far as it can be; of which workflows (by their id) how many payloads became readable. */
export interface Decoded {
  /** As many as came, in their order; what cannot be decoded is the very element that came. */
  readonly payloads: readonly unknown[];
  readonly readable: ReadonlyMap<string, number>;
}

/** Decodes payloads in the JSON of Temporal's remote codecs: metadata and data in base64. Never fails. */
export async function decodePayloads(payloads: readonly unknown[], ring: KeyRing, namespace: string): Promise<Decoded> {
  const readable = new Map<string, number>();
  const decoded: unknown[] = [];
  for (const element of payloads) {
    const payload = payloadIn(element);
    const plain = payload && (await decode(payload, ring, namespace));
    decoded.push(plain ? jsonOf(plain) : element);
    if (!payload || !plain) continue;
    // The codec has authenticated it with the rest.
    const workflowId = Buffer.from(payload.metadata?.['workflow'] ?? []).toString();
    readable.set(workflowId, (readable.get(workflowId) ?? 0) + 1);
  }
  return { payloads: decoded, readable };
}

/** Null for what is refused, and for a key that the ring does not list. */
async function decode(payload: Payload, ring: KeyRing, namespace: string): Promise<Payload | null> {
  let refused = false;
  const codec = createPayloadCodec(ring, namespace, () => {
    refused = true;
  });
  const [plain] = await codec.decode([payload]).catch(() => []);
  return refused ? null : (plain ?? null);
}

function payloadIn(element: unknown): Payload | null {
  const { metadata, data } = (element ?? {}) as { metadata?: unknown; data?: unknown };
  if (typeof metadata !== 'object' || metadata === null || typeof data !== 'string') return null;
  const entries = Object.entries(metadata);
  if (entries.length > MOST_METADATA || !entries.every(([, value]) => typeof value === 'string')) return null;
  return { metadata: Object.fromEntries(entries.map(([key, value]) => [key, bytesOf(value)])), data: bytesOf(data) };
}

function bytesOf(base64: string): Buffer {
  return Buffer.from(base64, 'base64');
}

function jsonOf({ metadata, data }: Payload) {
  const texts = Object.entries(metadata ?? {}).map(([key, value]) => [key, Buffer.from(value).toString('base64')]);
  return { metadata: Object.fromEntries(texts), data: Buffer.from(data ?? []).toString('base64') };
}
