import { setTimeout as sleep } from 'node:timers/promises';
import { KeyMissing } from '../domain/encryption';
import type { Policy } from '../domain/policy';
import { type Audit, AuditUnavailable } from '../observability/audit';
import type { ApplicantSummary, Applicants, StartRequest, StartResult } from '../temporal/applicants';
import { TemporalUnreachable } from '../temporal/connection';
import { detailsDigest } from '../temporal/details';
import { describeLateRejection } from '../temporal/rejection';
import { isTransient } from '../temporal/rpc';
import { SearchAttributesUnusable } from '../temporal/search-attributes';
import type { StarterArguments } from './arguments';
import { forEachAtOnce } from './at-once';
import { type Candidate, candidates, readIds } from './candidates';
import type { Checked } from './details';
import { NotApplicants } from './not-applicants';
import type { ApplicantsText } from './open-file';
import { createReport, type Place } from './report';
import { bar, type Terminal } from './terminal';

/** What the starter needs of the world. */
export interface StarterDeps {
  /** Waits for Temporal and gives up in the end; called when there is somebody to start. */
  readonly connect: () => Promise<Applicants>;
  readonly policy: Policy;
  /** The same each time; called when there is somebody to start. @throws {AuditUnavailable} */
  readonly audit: () => Promise<Pick<Audit, 'record'>>;
  /** `cli:<os user>`: who starts, for the audit log. */
  readonly who: string;
  /** `-` is standard input. */
  readonly openFile: (file: string, signal: AbortSignal) => Promise<ApplicantsText>;
  /** One line of stdout. */
  readonly out: (line: string) => void;
  readonly terminal: Terminal;
  /** Stops taking applicants and waiting. */
  readonly signal: AbortSignal;
}

/** 0: all well; 1: a conflict, bad rows, failed, or no Temporal; 2: wrong usage; 130: interrupted, as a shell expects of Ctrl-C. */
export type ExitStatus = 0 | 1 | 2 | 130;

/** A server takes some tens of starts a second; more at once would only wait there. */
const STARTS_AT_ONCE = 20;
/** Each is a call that Temporal holds open until the applicant closes. */
const WAITS_AT_ONCE = 100;
const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 10_000;
/** A restart or a failover of Temporal is over by then. */
const OUTLIVED_OUTAGE_MS = 5 * 60_000;
const NOT_RECORDED =
  'the audit log cannot be written, and nobody is started who does not stand in it: look at AUDIT_LOG and its disk';
const REPEAT = 'the same command again starts the rest and leaves alone who was started';

/** Starts what the arguments name and tells about each; what stopped it is said on the terminal. */
export async function runStarter(args: StarterArguments, deps: StarterDeps): Promise<ExitStatus> {
  const { terminal, signal } = deps;
  const stopped = (why: string, status: ExitStatus): ExitStatus => {
    terminal.clear();
    terminal.say(why);
    return status;
  };
  try {
    return await startAll(args, deps);
  } catch (error) {
    if (signal.aborted) return stopped(`stopped; ${REPEAT}`, 130);
    if (error instanceof NotApplicants) return stopped(error.message, 2);
    if (
      error instanceof TemporalUnreachable ||
      error instanceof SearchAttributesUnusable ||
      error instanceof KeyMissing
    ) {
      return stopped(error.message, 1);
    }
    if (error instanceof AuditUnavailable) return stopped(`${NOT_RECORDED}${codeOf(error.cause)}; ${REPEAT}`, 1);
    if (isTransient(error)) return stopped(`Temporal stopped answering; ${REPEAT}`, 1);
    const refusal = describeLateRejection(error);
    if (refusal !== null) return stopped(refusal, 1);
    throw error;
  }
}

async function startAll(args: StarterArguments, deps: StarterDeps): Promise<ExitStatus> {
  const { terminal, signal } = deps;
  const policy = args.wanted === null ? deps.policy : { ...deps.policy, wanted: args.wanted };
  const report = createReport({ terminal, out: deps.out, json: args.json, wait: args.wait });
  const batch = 'file' in args.source;
  const open = new Map<string, Place>();
  const repeated = new Map<string, Promise<StartResult>>();
  let connected: Promise<Applicants> | undefined;
  const applicants = () => {
    connected ??= deps.connect();
    return connected;
  };
  const start = async ({ details, autoInvite }: Checked & { ok: true }): Promise<StartResult> => {
    const request = {
      ...{ details, detailsDigest: detailsDigest(details), policy, again: args.again, batch },
      ...(!autoInvite && { autoInvite }),
    };
    // First of all: where nothing can be recorded, Temporal is not even asked.
    const audit = await deps.audit();
    const temporal = await applicants();
    signal.throwIfAborted();
    return recordedStart(args, deps, audit, temporal, request);
  };

  const take = async ({ checked, place, isRepeated }: Candidate): Promise<void> => {
    if (!checked.ok) return report.invalid(checked, place);
    const { clientUserId } = checked.details;
    const isRepeat = place.repeats !== undefined;
    if (args.dryRun) return isRepeat ? report.repeat(clientUserId, place, null) : report.right(clientUserId, place);
    if (isRepeat) return report.repeat(clientUserId, place, (await repeated.get(clientUserId)) ?? null);
    const starting = start(checked);
    // Before anything is waited for: the repeat may be taken in the same turn.
    if (isRepeated) repeated.set(clientUserId, starting);
    const started = await starting;
    report.started(started, place);
    if (args.wait && started.standing === 'open' && started.result !== 'conflict') open.set(clientUserId, place);
  };

  const text = 'file' in args.source ? await deps.openFile(args.source.file, signal) : null;
  try {
    const ids = text && (await readIds(args, text, () => terminal.progress(`${shareOf(text)}reading`)));
    await forEachAtOnce(candidates(args, text, ids), STARTS_AT_ONCE, async (candidate) => {
      signal.throwIfAborted();
      await take(candidate);
      if (text) terminal.progress(`${shareOf(text)}${report.counts()}`);
    });
  } finally {
    await text?.close();
  }
  if (open.size > 0) {
    terminal.say(`waiting for ${open.size === 1 ? 'the applicant' : `${open.size} applicants`} to close`);
    const temporal = await applicants();
    await forEachAtOnce(open, WAITS_AT_ONCE, async ([clientUserId, place]) => {
      const onSummary = (summary: ApplicantSummary) => report.known(summary, place);
      report.closed(await outlivingOutages(deps, () => temporal.waitForClose(clientUserId, signal, onSummary)), place);
    });
  }
  terminal.clear();
  if (batch) terminal.say(report.counts());
  if (report.allWell()) return 0;
  return batch || connected ? 1 : 2;
}

/**
 * The line `start` is on the disk before Temporal is asked; with 20 applicants under way at a time, some share one sync. A second line,
 * `not-started`, says that nobody was invited by it, for the applicant was there. A `start` without one was made, or its answer never came.
 */
async function recordedStart(
  { authorizationReference, again }: StarterArguments,
  deps: StarterDeps,
  audit: Pick<Audit, 'record'>,
  temporal: Applicants,
  request: StartRequest,
): Promise<StartResult> {
  const { clientUserId } = request.details;
  const of = { who: deps.who, clientUserId, authorizationReference: authorizationReference ?? undefined };
  await audit.record({ ...of, did: 'start', detail: again ? 'again' : undefined });
  const started = await outlivingOutages(deps, () => temporal.start(request));
  if (started.result !== 'started') await audit.record({ ...of, did: 'not-started', detail: started.result });
  return started;
}

/** ` (ENOSPC)`. */
function codeOf(cause: unknown): string {
  const { code } = (cause ?? {}) as NodeJS.ErrnoException;
  return code === undefined ? '' : ` (${code})`;
}

/** `[######------]  50 % `, where the length is known. */
function shareOf({ share }: ApplicantsText): string {
  return share === null ? '' : `${bar(share())} `;
}

/** Starting and waiting are harmless to repeat, so a Temporal that is away for a while loses nobody. */
async function outlivingOutages<T>({ terminal, signal }: StarterDeps, call: () => Promise<T>): Promise<T> {
  const untilMs = performance.now() + OUTLIVED_OUTAGE_MS;
  for (let delayMs = FIRST_RETRY_MS; ; delayMs = Math.min(2 * delayMs, LONGEST_RETRY_MS)) {
    try {
      return await call();
    } catch (error) {
      signal.throwIfAborted();
      if (!isTransient(error) || performance.now() > untilMs) throw error;
      terminal.progress('Temporal does not answer; trying again');
      await sleep(delayMs, undefined, { signal });
    }
  }
}
