import type { Action } from '../domain/actions';
import { findTimeRefusal, type ReasonCode } from '../domain/steering';
import type { AuditedAct } from '../observability/audit-chain';
import { createSteering, type SteeringResult } from '../temporal/steering';
import { InvalidInput, NotNow, Unavailable } from './errors';
import { recordAct } from './record-act';
import { currentMs } from './run-sources';
import { showApplicant, showFromTemporal } from './show-applicant';
import { changeTemporal, readAfterChange } from './unavailable';
import type { Actor, UseCaseDeps } from './use-cases';
import type { SteeredApplicant, TaggedApplicant } from './views';

interface Act {
  readonly did: AuditedAct;
  readonly clientUserId: string;
  readonly detail?: string;
  /** The action that the view must allow before anything is sent; absent: the workflow decides. */
  readonly action?: Action;
  /** The JSON pointer of the time in the body. */
  readonly pointer?: string;
  readonly send: () => Promise<SteeringResult>;
}

/** Withdraws the person. Does not need a worker; 'already' if the applicant is closed as cancelled. */
export function cancelApplicant(
  deps: UseCaseDeps,
  clientUserId: string,
  request: { readonly reasonCode: ReasonCode; readonly note?: string },
  actor: Actor,
): Promise<SteeredApplicant> {
  const { reasonCode, note } = request;
  const send = () => createSteering(deps).cancel(clientUserId, { reasonCode, ...(note !== undefined && { note }) });
  return steer(deps, actor, { did: 'cancel', clientUserId, detail: reasonCode, action: 'cancel', send });
}

/** Does not need a worker. */
export function checkNow(deps: UseCaseDeps, clientUserId: string, actor: Actor): Promise<SteeredApplicant> {
  const send = () => createSteering(deps).checkNow(clientUserId);
  return steer(deps, actor, { did: 'check-now', clientUserId, action: 'checkNow', send });
}

export function finishNow(
  deps: UseCaseDeps,
  clientUserId: string,
  { reasonCode }: { readonly reasonCode: ReasonCode },
  actor: Actor,
): Promise<SteeredApplicant> {
  const send = () => createSteering(deps).finishNow(clientUserId, { reasonCode });
  return steer(deps, actor, { did: 'finish-now', clientUserId, detail: reasonCode, send });
}

export async function setDeadline(
  deps: UseCaseDeps,
  clientUserId: string,
  { atMs }: { readonly atMs: number },
  actor: Actor,
): Promise<SteeredApplicant> {
  checkTime(deps, atMs, '/at');
  const send = () => createSteering(deps).setDeadline(clientUserId, { atMs });
  return steer(deps, actor, { did: 'deadline', clientUserId, pointer: '/at', send });
}

export async function snooze(
  deps: UseCaseDeps,
  clientUserId: string,
  { untilMs, note }: { readonly untilMs: number; readonly note?: string },
  actor: Actor,
): Promise<SteeredApplicant> {
  checkTime(deps, untilMs, '/until');
  const request = { untilMs, ...(note !== undefined && { note }) };
  const send = () => createSteering(deps).snooze(clientUserId, request);
  return steer(deps, actor, { did: 'snooze', clientUserId, pointer: '/until', send });
}

/** Does not need a worker. */
export function retryCall(deps: UseCaseDeps, clientUserId: string, actor: Actor): Promise<SteeredApplicant> {
  const send = () => createSteering(deps).retry(clientUserId);
  return steer(deps, actor, { did: 'retry', clientUserId, action: 'retry', send });
}

function steer(deps: UseCaseDeps, actor: Actor, act: Act): Promise<SteeredApplicant> {
  return recordAct(deps, actor, act, () => perform(deps, act));
}

async function perform(deps: UseCaseDeps, act: Act): Promise<SteeredApplicant> {
  const { clientUserId, action } = act;
  const current = await showFromTemporal(deps, clientUserId);
  const { applicant } = current;
  if (isCancelled(act, current)) return { ...current, done: 'already' };
  if (!applicant.open) throw new NotNow('closed', applicant);
  const why = action && applicant.actions?.[action].why;
  if (why && !(action === 'cancel' && why === 'cancelling')) throw new NotNow(why, applicant);
  const result = await changeTemporal(act.send);
  if (result === 'unanswered') throw new Unavailable('worker', 'unknown');
  if (result === 'unsupported') throw new Unavailable('worker', 'nothing');
  const show = () => showApplicant(deps, clientUserId);
  if (result === 'done') return { ...(await readAfterChange(show)), done: 'accepted' };
  const updated = await show();
  if (isCancelled(act, updated)) return { ...updated, done: 'already' };
  if (result === 'in-the-past' || result === 'too-far-ahead') throw invalidTime(act.pointer ?? '', result);
  throw new NotNow(result === 'not-open' ? 'closed' : result, updated.applicant);
}

function isCancelled({ did }: Act, { applicant }: TaggedApplicant): boolean {
  return did === 'cancel' && !applicant.open && applicant.outcome === 'cancelled';
}

function checkTime(deps: UseCaseDeps, timeMs: number, pointer: string): void {
  const refusal = findTimeRefusal(timeMs, currentMs(deps));
  if (refusal !== null) throw invalidTime(pointer, refusal);
}

function invalidTime(pointer: string, code: 'in-the-past' | 'too-far-ahead'): InvalidInput {
  return new InvalidInput('body', [{ pointer, code, expected: 'a time in the future, at most a year ahead' }]);
}
