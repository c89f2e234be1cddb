import type { Payload } from '@temporalio/common';
import { createPayloadCodec } from '../temporal/codec';
import type { KeyRing } from '../temporal/key-ring';

/** Our payloads have three entries, those of Temporal's own converters four; a payload with more is returned unchanged. */
const MAX_METADATA = 32;

export interface Decoded {
  /** The given payloads in their order. One that cannot be decoded is unchanged. */
  readonly payloads: readonly unknown[];
  /** How many payloads of each workflow id were decoded. */
  readonly decodedCounts: ReadonlyMap<string, number>;
}

/** Decodes payloads in the JSON of Temporal's remote codecs: metadata and data in base64. Never fails. */
export async function decodePayloads(payloads: readonly unknown[], ring: KeyRing, namespace: string): Promise<Decoded> {
  const decodedCounts = new Map<string, number>();
  const decoded: unknown[] = [];
  for (const element of payloads) {
    const payload = parsePayload(element);
    const plain = payload && (await decode(payload, ring, namespace));
    decoded.push(plain ? toJson(plain) : element);
    if (!payload || !plain) continue;
    // The codec has authenticated the workflow id.
    const workflowId = Buffer.from(payload.metadata?.['workflow'] ?? []).toString();
    decodedCounts.set(workflowId, (decodedCounts.get(workflowId) ?? 0) + 1);
  }
  return { payloads: decoded, decodedCounts };
}

/** Null if the payload cannot be decoded, or its key is missing. */
async function decode(payload: Payload, ring: KeyRing, namespace: string): Promise<Payload | null> {
  let hasFault = false;
  const codec = createPayloadCodec(ring, namespace, () => {
    hasFault = true;
  });
  const [plain] = await codec.decode([payload]).catch(() => []);
  return hasFault ? null : (plain ?? null);
}

function parsePayload(element: unknown): Payload | null {
  const { metadata, data } = (element ?? {}) as { metadata?: unknown; data?: unknown };
  if (typeof metadata !== 'object' || metadata === null || typeof data !== 'string') return null;
  const entries = Object.entries(metadata);
  if (entries.length > MAX_METADATA || !entries.every(([, value]) => typeof value === 'string')) return null;
  return { metadata: Object.fromEntries(entries.map(([key, value]) => [key, toBytes(value)])), data: toBytes(data) };
}

function toBytes(base64: string): Buffer {
  return Buffer.from(base64, 'base64');
}

function toJson({ metadata, data }: Payload) {
  const texts = Object.entries(metadata ?? {}).map(([key, value]) => [key, Buffer.from(value).toString('base64')]);
  return { metadata: Object.fromEntries(texts), data: Buffer.from(data ?? []).toString('base64') };
}
