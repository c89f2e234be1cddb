import { get as getHttp } from 'node:http';
import { get as getHttps } from 'node:https';
import type { AuditKeys } from '../observability/audit-chain';
import { checkWritable, fail, pass, runCheck, skip } from '../use-cases/checks';
import type { CheckView } from '../use-cases/views';

/** What `chartway doctor` checks of the configuration of this machine. */
export interface Installation {
  /** The health route of the webhook; null if WEBHOOK_PORT is 0. */
  readonly webhookHealth: URL | null;
  /** Requests a token; null without credentials. */
  readonly logIn: (() => Promise<void>) | null;
  /** The time of Human API's server in ms; null if it does not answer. */
  readonly readServerDateMs: () => Promise<number | null>;
  /** The ids of `PAYLOAD_KEYS`, the first one encrypts; empty: payloads are not encrypted. */
  readonly payloadKeyIds: readonly string[];
}

const WEBHOOK_TIMEOUT_MS = 3_000;
/** The header has a resolution of one second, and an answer may take some. */
const MAX_CLOCK_DIFFERENCE_MS = 10_000;

export function checkUpstreamLogin({ logIn }: Installation): Promise<CheckView> {
  const action = 'check HUMAN_API_CLIENT_ID, HUMAN_API_CLIENT_SECRET, the three HUMAN_API_*_URL and the network';
  return runCheck('upstream-login', action, async () => {
    if (logIn === null) return skip('skipped: HUMAN_API_CLIENT_ID and HUMAN_API_CLIENT_SECRET are not set here');
    await logIn();
    return pass('Human API accepts the credentials');
  });
}

export function checkWebhook({ webhookHealth }: Installation): Promise<CheckView> {
  const action =
    'start the webhook, or check WEBHOOK_HOST and WEBHOOK_PORT; if it runs on another machine, run doctor there';
  return runCheck('webhook', action, async () => {
    if (webhookHealth === null) return skip('skipped: WEBHOOK_PORT is 0, so its port is not known');
    const status = await readStatus(webhookHealth);
    if (status === 200) return pass(`a webhook answers at ${webhookHealth.origin} (WEBHOOK_HOST, WEBHOOK_PORT)`);
    return fail(`another program answers at ${webhookHealth.origin} (${status})`, action);
  });
}

function readStatus(url: URL): Promise<number> {
  return new Promise((resolve, reject) => {
    const get = url.protocol === 'https:' ? getHttps : getHttp;
    // Only its health is read, and the certificate has the public name.
    const request = get(url, { timeout: WEBHOOK_TIMEOUT_MS, rejectUnauthorized: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    request.on('timeout', () => request.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })));
    request.on('error', reject);
  });
}

export function checkClock({ readServerDateMs }: Installation, nowMs = Date.now): Promise<CheckView> {
  return runCheck('clock', 'check the time service of this machine', async () => {
    const serverMs = await readServerDateMs();
    if (serverMs === null) return skip('skipped: Human API sent no date to compare with');
    const differenceMs = nowMs() - serverMs;
    const seconds = Math.round(Math.abs(differenceMs) / 1_000);
    if (Math.abs(differenceMs) <= MAX_CLOCK_DIFFERENCE_MS) return pass('the clock agrees with that of Human API');
    const text = `the clock is ${seconds} s ${differenceMs > 0 ? 'ahead of' : 'behind'} that of Human API`;
    return fail(text, 'correct the clock of this machine, because deadlines and audit lines use it');
  });
}

/** The configuration was read before, so the keys are well-formed. */
export function checkKeys({ payloadKeyIds }: Installation, { signing }: AuditKeys): Promise<CheckView> {
  return runCheck('keys', 'check PAYLOAD_KEYS and AUDIT_KEY', async () => {
    const [first, ...others] = payloadKeyIds;
    const also = others.length === 0 ? '' : `, ${others.join(', ')} only decrypt`;
    const payloads = first === undefined ? 'payloads are not encrypted' : `payloads: key ${first}${also}`;
    return pass(`${payloads}; ${signing === null ? 'the audit log is not signed' : `audit log: key ${signing.id}`}`);
  });
}

export function checkAuditLog(folder: string): Promise<CheckView> {
  return runCheck('audit', 'check AUDIT_LOG and its permissions', async () => {
    await checkWritable(folder);
    return pass('AUDIT_LOG can be written');
  });
}
