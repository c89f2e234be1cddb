import type { FastifyInstance } from 'fastify';
import type { Audit } from '../observability/audit';
import type { KeyRing } from '../temporal/key-ring';
import { readActor } from './caller';
import { type Decoded, decodePayloads } from './decode';
import { Problem } from './problem';

/** A page of history in Temporal's UI holds 1,000 events, most with a few payloads. */
const MOST_PAYLOADS = 10_000;
/** Those of a few pages of history in base64. */
const MAX_BODY_BYTES = 8 * 1024 * 1024;
/** Workflow ids that name an applicant; the prefixes of src/workflows/contract.ts. */
const OF_APPLICANT = /^(?:applicant|refresh|withdraw)-([A-Za-z0-9][A-Za-z0-9._~-]{0,99})$/;
/** An id that may stand in the audit log. */
const WORKFLOW_ID = /^[A-Za-z0-9._~:-]{1,200}$/;

/**
 * Temporal's remote codec, for its UI and CLI: decodes only. There is no `/codec/encode`: whoever asked could otherwise write into an
 * applicant's history what counts as ours. What is shown stands in the audit log before it is shown.
 */
export function addCodecRoutes(
  app: FastifyInstance,
  deps: { readonly ring: KeyRing | null; readonly namespace: string; readonly audit: Audit },
): void {
  const { ring, namespace, audit } = deps;
  app.options('/codec/decode', (_request, reply) => reply.code(204).send());

  app.post('/codec/decode', { bodyLimit: MAX_BODY_BYTES }, async (request) => {
    const payloads = payloadsIn(request.body);
    // Another namespace is another installation's, which has keys and an audit log of its own.
    const ours = (request.headers['x-namespace'] ?? namespace) === namespace;
    if (ring === null || !ours) return { payloads };
    const decoded = await decodePayloads(payloads, ring, namespace);
    await record(audit, readActor(request), decoded);
    return { payloads: decoded.payloads };
  });
}

function payloadsIn(body: unknown): readonly unknown[] {
  const { payloads } = (body ?? {}) as { payloads?: unknown };
  // protobuf's JSON leaves out what is empty.
  const left = payloads === undefined && typeof body === 'object' && body !== null && !Array.isArray(body);
  if (left) return [];
  if (!Array.isArray(payloads)) throw new Problem(400, 'expected {"payloads": [...]}');
  if (payloads.length > MOST_PAYLOADS) throw new Problem(413, `expected at most ${MOST_PAYLOADS} payloads`);
  return payloads;
}

/** One line a workflow. */
async function record(audit: Audit, who: string, { readable }: Decoded): Promise<void> {
  await Promise.all(
    [...readable].map(([workflowId, count]) => {
      const clientUserId = OF_APPLICANT.exec(workflowId)?.[1];
      const of = WORKFLOW_ID.test(workflowId) ? ` of ${workflowId}` : '';
      return audit.record({ who, did: 'decode', clientUserId, detail: `payloads: ${count}${of}` });
    }),
  );
}
