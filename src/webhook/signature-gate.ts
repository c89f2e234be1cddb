import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { Counter, type Registry } from 'prom-client';
import type { Logger } from '../observability/log';
import type { Quarantine } from '../spool/quarantine';
import { type ParsedNotice, serializeNotices } from '../upstream/notices';
import { type Answer, refusal } from './answer';
import { createSignatureCheck, type SignatureFault, type SignatureJudgement, type SignatureScheme } from './signature';
import { createSignatureMemory } from './signature-memory';
import type { SignatureSettings } from './signature-settings';

/** What the rung of signatures makes of a request. */
type SignatureVerdict =
  /** Whoever has it handles the request, and calls `follow` at once: what the answer becomes decides whether the nonce is used. */
  | { readonly kind: 'good'; follow(response: ServerResponse): void }
  | { readonly kind: 'refused'; readonly answer: Answer }
  /** Not to be acted upon. `sinceMs`: when the request came, ms since 1970, from which the limit counts. */
  | { readonly kind: 'doubted'; setAside(notices: readonly ParsedNotice[], sinceMs: number): Promise<Answer> };

/**
 * The rung of the ladder on which a request shows that Human API sent it. `body`: as sent, and inflated (the same bytes where nothing was
 * compressed). Whether a sender signs before or after it compresses is documented nowhere, so either counts.
 */
export type SignatureGate = (
  headers: IncomingHttpHeaders,
  body: { readonly sent: Buffer; readonly inflated: Buffer },
) => SignatureVerdict;

/** `same-request`, `same-nonce`: one that was acknowledged comes again. */
type Doubt = SignatureFault | 'same-request' | 'same-nonce';

/** From the beginning of the request, as with the spool: a disk that does not answer must not hold up the answer. */
const SET_ASIDE_TIMEOUT_MS = 2_300;
/** A megabyte each at most; under a flood of wrong signatures the rest is answered 503. */
const SET_ASIDE_AT_ONCE = 32;

/**
 * `off`: every request passes. `require`: a request without a good signature is answered 401. `verify`: it is answered 200 and not acted upon, for the fault may be in our
 * own settings, and an upstream that hears only errors may stop sending; its notices go to the quarantine, where there is one. What the quarantine
 * does not take is answered 503.
 */
export function createSignatureGate(
  deps: SignatureSettings & {
    /** Null: there is no spool; they are counted, logged and answered 200. */
    readonly quarantine: Pick<Quarantine, 'put'> | null;
    readonly registry: Registry;
    readonly log: Logger;
    readonly nowMs?: () => number;
  },
): SignatureGate {
  const { mode, quarantine, registry, log, nowMs = Date.now } = deps;
  if (mode === 'off') return () => ({ kind: 'good', follow: () => {} });
  const check = createSignatureCheck(deps);
  const memory = createSignatureMemory({ toleranceMs: deps.toleranceMs, nowMs });
  const requests = new Counter({
    name: 'chartway_webhook_signatures_total',
    help: 'Requests by their signature: good, or why not (missing, incomplete, wrong, undated, stale, same-request, same-nonce, under-way).',
    labelNames: ['signature'],
    registers: [registry],
  });
  const doubted = new Counter({
    name: 'chartway_webhook_doubted_notices_total',
    help: 'Notices not acted upon for their signature, by fate: kept (in quarantine), counted only (off, known) or answered 503 (full, failed).',
    labelNames: ['fate'],
    registers: [registry],
  });
  const refused = unauthorized(deps);
  let settingAside = 0;

  return (headers, body) => {
    const judgement = judge(headers, body);
    if (!judgement.good) return doubt(judgement.fault);
    const memorized = memory.begin(judgement);
    requests.inc({ signature: memorized === 'fresh' ? 'good' : memorized });
    if (memorized === 'fresh') return { kind: 'good', follow: (response) => follow(response, judgement) };
    if (memorized === 'under-way') return { kind: 'refused', answer: UNDER_WAY };
    return doubt(memorized);
  };

  /** Of two bad judgements, the one that says more than that the signature is another body's. */
  function judge(headers: IncomingHttpHeaders, { sent, inflated }: Parameters<SignatureGate>[1]): SignatureJudgement {
    const asSent = check(headers, sent, nowMs());
    if (sent === inflated || asSent.good || asSent.fault !== 'wrong') return asSent;
    return check(headers, inflated, nowMs());
  }

  /** The answer must have gone out whole: a sender that had gone did not hear it, and will send again. */
  function follow(response: ServerResponse, marks: Parameters<typeof memory.settle>[0]): void {
    const settle = (): void => memory.settle(marks, response.writableFinished && response.statusCode === 200);
    if (response.closed) settle();
    else response.once('close', settle);
  }

  function doubt(why: Doubt): SignatureVerdict {
    if (why !== 'same-request' && why !== 'same-nonce') requests.inc({ signature: why });
    if (mode === 'require') {
      log.warn({ signature: why }, 'refused for its signature');
      return { kind: 'refused', answer: refused };
    }
    return { kind: 'doubted', setAside: (notices, sinceMs) => setAside(notices, why, sinceMs) };
  }

  async function setAside(notices: readonly ParsedNotice[], why: Doubt, sinceMs: number): Promise<Answer> {
    const fate = await kept(notices, why, sinceMs + SET_ASIDE_TIMEOUT_MS);
    doubted.inc({ fate }, notices.length);
    log.warn({ signature: why, notices: notices.length, fate }, 'not acted upon for its signature');
    if (fate === 'full' || fate === 'failed') return NOT_KEPT;
    return { status: 200, body: { accepted: 0, ignored: notices.length } };
  }

  async function kept(
    notices: readonly ParsedNotice[],
    why: Doubt,
    untilMs: number,
  ): Promise<'kept' | 'full' | 'failed' | 'off' | 'known'> {
    const telling = notices.filter((notice) => notice.kind !== 'other');
    const [first] = telling;
    // The very request that was acknowledged before has had its effect.
    if (first === undefined || why === 'same-request') return 'known';
    if (quarantine === null) return 'off';
    if (settingAside >= SET_ASIDE_AT_ONCE) return 'full';
    settingAside += 1;
    const written = quarantine
      .put({
        why: 'signature',
        kind: telling.length === 1 ? first.kind : 'several',
        clientUserId: first.kind === 'status' ? first.clientUserId : null,
        humanId: first.humanId,
        detail: telling.length === 1 ? why : `${why}, ${telling.length} notices`,
        content: serializeNotices(telling),
      })
      .catch((error: unknown) => {
        log.error({ error }, 'the quarantine cannot be written');
        return 'failed' as const;
      })
      .finally(() => {
        settingAside -= 1;
      });
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<'failed'>((resolve) => {
      timer = setTimeout(resolve, untilMs - Date.now(), 'failed');
    });
    return Promise.race([written, tooLate]).finally(() => clearTimeout(timer));
  }
}

/** One that is signed alike is being answered on another connection: what becomes of that one decides. */
const UNDER_WAY = refusal(503, 'expected each signed request once at a time; send it again if the other one fails');

/** Not durable, as far as is known: a write that ends after the answer leaves a second record when the sender tries again. */
const NOT_KEPT = refusal(
  503,
  'expected to set every notice aside for its signature, could not; send the same body again',
);

/** The same for every fault: what exactly is wrong is for our own log. */
function unauthorized({ headers: { signature, timestamp, nonce } }: SignatureScheme): Answer {
  return refusal(
    401,
    `expected ${signature}, the HMAC-SHA1 of body, timestamp and nonce under the client secret, with ${timestamp} and ${nonce} beside it`,
    {
      'WWW-Authenticate': `Signature realm="chartway", algorithm="hmac-sha1", headers="${signature} ${timestamp} ${nonce}"`,
    },
  );
}
