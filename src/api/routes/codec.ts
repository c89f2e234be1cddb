import type { FastifyInstance } from 'fastify';
import { isClientUserId } from '../../domain/identifiers';
import type { Audit } from '../../observability/audit';
import type { KeyRing } from '../../temporal/key-ring';
import type { Actor } from '../../use-cases/use-cases';
import { clientUserIdOf } from '../../workflows/contract';
import { readActor } from '../caller';
import { type Decoded, decodePayloads } from '../decode';
import { Problem } from '../problem';

/** A page of history in Temporal's UI holds 1,000 events, most with a few payloads. */
const MAX_PAYLOADS = 10_000;
/** A few pages of history in base64. */
const MAX_BODY_BYTES = 8 * 1024 * 1024;
/** Temporal's protocol, not ours: it is not in the OpenAPI file. */
const HIDDEN = { schema: { hide: true } };
/** An id that may be written to the audit log. */
const WORKFLOW_ID = /^[A-Za-z0-9._~:-]{1,200}$/;

/**
 * Temporal's remote codec for its UI and CLI. There is no `/codec/encode`, with which a caller could write into an applicant's history. The audit log
 * records what was decoded before the answer is sent.
 */
export function addCodecRoutes(
  app: FastifyInstance,
  deps: { readonly ring: KeyRing | null; readonly namespace: string; readonly audit: Audit },
): void {
  const { ring, namespace, audit } = deps;
  app.options('/codec/decode', HIDDEN, (_request, reply) => reply.code(204).send());

  app.post('/codec/decode', { ...HIDDEN, bodyLimit: MAX_BODY_BYTES }, async (request) => {
    const payloads = readPayloads(request.body);
    // Another namespace belongs to another installation, with its own keys and audit log.
    const isOwnNamespace = (request.headers['x-namespace'] ?? namespace) === namespace;
    if (ring === null || !isOwnNamespace) return { payloads };
    const decoded = await decodePayloads(payloads, ring, namespace);
    await recordDecoding(audit, readActor(request), decoded);
    return { payloads: decoded.payloads };
  });
}

function readPayloads(body: unknown): readonly unknown[] {
  const { payloads } = (body ?? {}) as { payloads?: unknown };
  // The JSON of protobuf omits empty fields.
  const isOmitted = payloads === undefined && typeof body === 'object' && body !== null && !Array.isArray(body);
  if (isOmitted) return [];
  if (!Array.isArray(payloads)) throw new Problem('malformed', 'expected {"payloads": [...]}');
  if (payloads.length > MAX_PAYLOADS) throw new Problem('too-large', `expected at most ${MAX_PAYLOADS} payloads`);
  return payloads;
}

/** Writes one audit line per workflow. */
async function recordDecoding(audit: Audit, actor: Actor, { decodedCounts }: Decoded): Promise<void> {
  await Promise.all(
    [...decodedCounts].map(([workflowId, count]) => {
      const id = WORKFLOW_ID.test(workflowId) ? workflowId : null;
      const owner = id && clientUserIdOf(id);
      const clientUserId = isClientUserId(owner) ? owner : undefined;
      const detail = `payloads: ${count}${id === null ? '' : ` of ${id}`}`;
      return audit.record({ ...actor, did: 'decode', clientUserId, detail });
    }),
  );
}
