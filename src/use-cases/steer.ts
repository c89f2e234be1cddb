import { DAY_MS } from '../domain/policy';
import type { ReasonCode } from '../domain/steering';
import type { AuditedAct } from '../observability/audit-chain';
import { createSteering, type SteeringResult } from '../temporal/steering';
import { InvalidInput, NotNow, Unavailable, UseCaseError } from './errors';
import { currentMs } from './run-sources';
import { showApplicant } from './show-applicant';
import { changeTemporal } from './unavailable';
import type { Actor, UseCaseDeps } from './use-cases';
import type { ActionName, SteeredApplicant, TaggedApplicant } from './views';

/** How far ahead a deadline and the end of a snooze may be. */
const MAX_AHEAD_MS = 365 * DAY_MS;

interface Act {
  readonly did: AuditedAct;
  readonly clientUserId: string;
  readonly detail?: string;
  /** Refused by the view before anything is sent; absent: the workflow decides. */
  readonly action?: ActionName;
  /** Of the body's time. */
  readonly pointer?: string;
  readonly perform: () => Promise<SteeringResult>;
}

/** Withdraws the person. Does not need a worker; 'already' if the applicant is closed as cancelled. */
export function cancelApplicant(
  deps: UseCaseDeps,
  clientUserId: string,
  request: { readonly reasonCode: ReasonCode; readonly note?: string },
  actor: Actor,
): Promise<SteeredApplicant> {
  const { reasonCode, note } = request;
  const perform = () => createSteering(deps).cancel(clientUserId, { reasonCode, ...(note !== undefined && { note }) });
  return steer(deps, actor, { did: 'cancel', clientUserId, detail: reasonCode, action: 'cancel', perform });
}

/** Does not need a worker. */
export function checkNow(deps: UseCaseDeps, clientUserId: string, actor: Actor): Promise<SteeredApplicant> {
  const perform = () => createSteering(deps).checkNow(clientUserId);
  return steer(deps, actor, { did: 'check-now', clientUserId, action: 'checkNow', perform });
}

export function finishNow(
  deps: UseCaseDeps,
  clientUserId: string,
  { reasonCode }: { readonly reasonCode: ReasonCode },
  actor: Actor,
): Promise<SteeredApplicant> {
  const perform = () => createSteering(deps).finishNow(clientUserId, { reasonCode });
  return steer(deps, actor, { did: 'finish-now', clientUserId, detail: reasonCode, perform });
}

export async function setDeadline(
  deps: UseCaseDeps,
  clientUserId: string,
  { atMs }: { readonly atMs: number },
  actor: Actor,
): Promise<SteeredApplicant> {
  checkTime(deps, atMs, '/at');
  const perform = () => createSteering(deps).setDeadline(clientUserId, { atMs });
  return steer(deps, actor, { did: 'deadline', clientUserId, pointer: '/at', perform });
}

export async function snooze(
  deps: UseCaseDeps,
  clientUserId: string,
  { untilMs, note }: { readonly untilMs: number; readonly note?: string },
  actor: Actor,
): Promise<SteeredApplicant> {
  checkTime(deps, untilMs, '/until');
  const request = { untilMs, ...(note !== undefined && { note }) };
  const perform = () => createSteering(deps).snooze(clientUserId, request);
  return steer(deps, actor, { did: 'snooze', clientUserId, pointer: '/until', perform });
}

/** Does not need a worker. */
export function retryCall(deps: UseCaseDeps, clientUserId: string, actor: Actor): Promise<SteeredApplicant> {
  const perform = () => createSteering(deps).retry(clientUserId);
  return steer(deps, actor, { did: 'retry', clientUserId, action: 'retry', perform });
}

/** Records the act, performs it, and records again if it was not done. */
async function steer(deps: UseCaseDeps, { who, onBehalfOf }: Actor, act: Act): Promise<SteeredApplicant> {
  const { did, clientUserId, detail } = act;
  await deps.audit.record({ who, onBehalfOf, did, clientUserId, detail });
  try {
    return await perform(deps, act);
  } catch (error) {
    if (error instanceof UseCaseError && !(error instanceof Unavailable && error.done === 'unknown')) {
      const code = error instanceof NotNow ? error.why : error.kind;
      await deps.audit.record({ who, onBehalfOf, did: 'not-done', clientUserId, detail: `${did}: ${code}` });
    }
    throw error;
  }
}

async function perform(deps: UseCaseDeps, act: Act): Promise<SteeredApplicant> {
  const { clientUserId, action } = act;
  const before = await showApplicant(deps, clientUserId);
  const { applicant } = before;
  // Its manifest does not show whether it is still open.
  if (applicant.degraded.includes('temporal-unavailable')) throw new Unavailable('temporal', 'nothing');
  if (isCancelled(act, before)) return { ...before, done: 'already' };
  if (!applicant.open) throw new NotNow('closed', applicant);
  const why = action && applicant.actions?.[action].why;
  if (why && !(action === 'cancel' && why === 'cancelling')) throw new NotNow(why, applicant);
  const result = await changeTemporal(act.perform);
  if (result === 'unanswered') throw new Unavailable('worker', 'unknown');
  if (result === 'unsupported') throw new Unavailable('worker', 'nothing');
  const after = await showAfter(deps, clientUserId, result === 'done');
  if (result === 'done') return { ...after, done: 'accepted' };
  if (isCancelled(act, after)) return { ...after, done: 'already' };
  if (result === 'in-the-past' || result === 'too-far-ahead') throw invalidTime(act.pointer ?? '', result);
  throw new NotNow(result === 'not-open' ? 'closed' : result, after.applicant);
}

/** @throws {Unavailable} with `unknown` after an act that was done */
async function showAfter(deps: UseCaseDeps, clientUserId: string, isDone: boolean): Promise<TaggedApplicant> {
  try {
    return await showApplicant(deps, clientUserId);
  } catch (error) {
    throw error instanceof Unavailable && isDone ? new Unavailable(error.what, 'unknown', error) : error;
  }
}

function isCancelled({ did }: Act, { applicant }: TaggedApplicant): boolean {
  return did === 'cancel' && !applicant.open && applicant.outcome === 'cancelled';
}

function checkTime(deps: UseCaseDeps, timeMs: number, pointer: string): void {
  const aheadMs = timeMs - currentMs(deps);
  if (!(aheadMs > 0)) throw invalidTime(pointer, 'in-the-past');
  if (aheadMs > MAX_AHEAD_MS) throw invalidTime(pointer, 'too-far-ahead');
}

function invalidTime(pointer: string, code: 'in-the-past' | 'too-far-ahead'): InvalidInput {
  return new InvalidInput('body', [{ pointer, code, expected: 'a time in the future, at most a year ahead' }]);
}
