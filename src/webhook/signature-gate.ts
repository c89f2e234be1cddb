import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { Counter, type Registry } from 'prom-client';
import type { Logger } from '../observability/log';
import { withDeadline } from '../process/deadline';
import type { Quarantine } from '../quarantine/quarantine';
import { type ParsedNotice, serializeNotices } from '../upstream/notices';
import { type Answer, errorAnswer } from './answers';
import { DEADLINES } from './deadlines';
import { createSignatureCheck, type SignatureFault, type SignatureResult, type SignatureScheme } from './signature';
import { createSignatureMemory } from './signature-memory';
import type { SignatureSettings } from './signature-settings';

type SignatureVerdict =
  /** Handle the request and call `trackAnswer` at once: the answer decides whether the nonce is used up. */
  | { readonly kind: 'valid'; trackAnswer(response: ServerResponse): void }
  | { readonly kind: 'rejected'; readonly answer: Answer }
  /** Do not deliver the notices. `sinceMs`: the start of the request, ms since 1970. */
  | { readonly kind: 'suspect'; quarantine(notices: readonly ParsedNotice[], sinceMs: number): Promise<Answer> };

/**
 * Checks the signature of a request. `body`: as sent and decompressed (the same bytes without compression). Upstream does not document whether
 * it signs before or after it compresses, so either counts.
 */
export type SignatureGate = (
  headers: IncomingHttpHeaders,
  body: { readonly sent: Buffer; readonly inflated: Buffer },
) => SignatureVerdict;

/** `same-request`, `same-nonce`: of a request that was acknowledged before. */
type SuspectReason = SignatureFault | 'same-request' | 'same-nonce';

/** A record holds at most 1 MiB. Beyond this number of writes suspect requests are answered 503. */
const MAX_WRITES = 32;

/**
 * `off`: every request passes. `require`: a request without a valid signature is answered 401. `verify`: it is answered 200 and its notices go
 * to the quarantine, because our own settings may be wrong and an upstream that gets only errors may stop sending. It is answered 503 if the
 * quarantine does not keep them.
 */
export function createSignatureGate(
  deps: SignatureSettings & {
    /** Null without a spool: suspect notices are counted, logged and answered 200. */
    readonly quarantine: Pick<Quarantine, 'put'> | null;
    readonly registry: Registry;
    readonly log: Logger;
    readonly nowMs?: () => number;
  },
): SignatureGate {
  const { mode, quarantine, registry, log, nowMs = Date.now } = deps;
  if (mode === 'off') return () => ({ kind: 'valid', trackAnswer: () => {} });
  const check = createSignatureCheck(deps);
  const memory = createSignatureMemory({ toleranceMs: deps.toleranceMs, nowMs });
  const requests = new Counter({
    name: 'chartway_webhook_signatures_total',
    help: 'Requests by their signature: good, or why not (missing, incomplete, wrong, undated, stale, same-request, same-nonce, under-way).',
    labelNames: ['signature'],
    registers: [registry],
  });
  const suspects = new Counter({
    name: 'chartway_webhook_doubted_notices_total',
    help: 'Notices not delivered because of their signature, by fate: kept (in quarantine), counted only (off, known) or answered 503 (full, failed).',
    labelNames: ['fate'],
    registers: [registry],
  });
  const unauthorized = unauthorizedAnswer(deps);
  let writes = 0;

  return (headers, body) => {
    const result = checkEither(headers, body);
    if (!result.valid) return suspect(result.fault);
    const memorized = memory.begin(result);
    requests.inc({ signature: memorized === 'fresh' ? 'good' : memorized });
    if (memorized === 'fresh') return { kind: 'valid', trackAnswer: (response) => trackAnswer(response, result) };
    if (memorized === 'under-way') return { kind: 'rejected', answer: IN_PROGRESS };
    return suspect(memorized);
  };

  /** Checks the body as it was sent and, if its signature is `wrong`, the decompressed body. */
  function checkEither(
    headers: IncomingHttpHeaders,
    { sent, inflated }: Parameters<SignatureGate>[1],
  ): SignatureResult {
    const asSent = check(headers, sent, nowMs());
    if (sent === inflated || asSent.valid || asSent.fault !== 'wrong') return asSent;
    return check(headers, inflated, nowMs());
  }

  /** The answer must be sent whole: a sender that closed the connection did not get it, and will repeat the request. */
  function trackAnswer(response: ServerResponse, marks: Parameters<typeof memory.finish>[0]): void {
    const finish = (): void => memory.finish(marks, response.writableFinished && response.statusCode === 200);
    if (response.closed) finish();
    else response.once('close', finish);
  }

  function suspect(why: SuspectReason): SignatureVerdict {
    if (why !== 'same-request' && why !== 'same-nonce') requests.inc({ signature: why });
    if (mode === 'require') {
      log.warn({ signature: why }, 'rejected a request because of its signature');
      return { kind: 'rejected', answer: unauthorized };
    }
    return { kind: 'suspect', quarantine: (notices, sinceMs) => answerSuspect(notices, why, sinceMs) };
  }

  async function answerSuspect(notices: readonly ParsedNotice[], why: SuspectReason, sinceMs: number): Promise<Answer> {
    const fate = await quarantineNotices(notices, why, sinceMs + DEADLINES.durable);
    suspects.inc({ fate }, notices.length);
    log.warn({ signature: why, notices: notices.length, fate }, 'did not deliver notices because of their signature');
    if (fate === 'full' || fate === 'failed') return NOT_QUARANTINED;
    return { status: 200, body: { accepted: 0, ignored: notices.length } };
  }

  async function quarantineNotices(
    parsed: readonly ParsedNotice[],
    why: SuspectReason,
    untilMs: number,
  ): Promise<'kept' | 'full' | 'failed' | 'off' | 'known'> {
    const notices = parsed.filter((notice) => notice.kind !== 'other');
    const [first] = notices;
    // A repeat of an acknowledged request changes nothing.
    if (first === undefined || why === 'same-request') return 'known';
    if (quarantine === null) return 'off';
    if (writes >= MAX_WRITES) return 'full';
    writes += 1;
    const written = quarantine
      .put({
        why: 'signature',
        kind: notices.length === 1 ? first.kind : 'several',
        clientUserId: first.kind === 'status' ? first.clientUserId : null,
        humanId: first.humanId,
        detail: notices.length === 1 ? why : `${why}, ${notices.length} notices`,
        content: serializeNotices(notices),
      })
      .catch((error: unknown) => {
        log.error({ error }, 'cannot write to the quarantine');
        return 'failed' as const;
      })
      .finally(() => {
        writes -= 1;
      });
    return withDeadline(written, untilMs, () => 'failed' as const);
  }
}

/** A request with the same signature is in progress on another connection; its answer decides. */
const IN_PROGRESS = errorAnswer(
  503,
  'expected each signed request once at a time; send it again if the other one fails',
);

/** A write that ends after this answer leaves a second record when the sender repeats the request. */
const NOT_QUARANTINED = errorAnswer(503, 'could not put every notice into the quarantine; send the same body again');

/** The same for every fault; the fault itself is in our log. */
function unauthorizedAnswer({ headers: { signature, timestamp, nonce } }: SignatureScheme): Answer {
  return errorAnswer(
    401,
    `expected ${signature}, the HMAC-SHA1 of body, timestamp and nonce with the client secret, and the headers ${timestamp} and ${nonce}`,
    {
      'WWW-Authenticate': `Signature realm="chartway", algorithm="hmac-sha1", headers="${signature} ${timestamp} ${nonce}"`,
    },
  );
}
