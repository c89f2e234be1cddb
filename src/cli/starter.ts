import { setTimeout as sleep } from 'node:timers/promises';
import type { Policy } from '../domain/policy';
import type { Audit } from '../observability/audit';
import type { Applicants, StartRequest, StartResult } from '../temporal/applicants';
import { detailsDigest } from '../temporal/details';
import { isTransient } from '../temporal/rpc';
import { type CheckedDetails, checkDetails } from '../use-cases/applicant-details';
import type { ApplicantsText } from './applicants-text';
import type { StarterArguments } from './arguments';
import { indexRows, readCandidates, type StartCandidate } from './candidates';
import { type ExitStatus, runForExitStatus } from './exit-status';
import { forEachConcurrent } from './for-each-concurrent';
import { type CsvPosition, createStartReport, type StartReport } from './start-report';
import { progressBar, type Terminal } from './terminal';

export interface StarterDeps {
  /** Connects to Temporal. Not called if there is no applicant to start. */
  readonly connect: () => Promise<Applicants>;
  readonly policy: Policy;
  /** Returns the same log each time. Not called if there is no applicant to start. @throws {AuditUnavailable} */
  readonly audit: () => Promise<Pick<Audit, 'record'>>;
  /** The actor in the audit log: `cli:<os user>`. */
  readonly actor: string;
  /** `-` is standard input. */
  readonly openFile: (file: string, signal: AbortSignal) => Promise<ApplicantsText>;
  /** Prints one line on stdout. */
  readonly print: (line: string) => void;
  readonly terminal: Terminal;
  /** Stops starting and waiting. */
  readonly signal: AbortSignal;
}

/** A server handles some tens of starts a second; more concurrency would only queue there. */
const CONCURRENT_STARTS = 20;
/** Each is a call that Temporal holds open until the applicant closes. */
const CONCURRENT_WAITS = 100;
const FIRST_RETRY_MS = 500;
const MAX_RETRY_MS = 10_000;
/** Longer than a restart or failover of Temporal. */
const OUTAGE_LIMIT_MS = 5 * 60_000;
const REPEAT = 'run the same command again to start the rest; applicants already started stay as they are';

/** Starts the applicants of the arguments and prints the result of each. */
export function runStarter(args: StarterArguments, deps: StarterDeps): Promise<ExitStatus> {
  return runForExitStatus(() => startAll(args, deps), deps, { repeat: REPEAT, unavailable: 1 });
}

async function startAll(args: StarterArguments, deps: StarterDeps): Promise<ExitStatus> {
  const { terminal, signal } = deps;
  const policy = args.wanted === null ? deps.policy : { ...deps.policy, wanted: args.wanted };
  const report = createStartReport({ terminal, print: deps.print, json: args.json, wait: args.wait });
  const batch = 'file' in args.source;
  const open = new Map<string, { readonly started: StartResult; readonly position: CsvPosition }>();
  const repeated = new Map<string, Promise<StartResult>>();
  let connected: Promise<Applicants> | undefined;
  const connect = () => {
    connected ??= deps.connect();
    return connected;
  };
  const start = async ({ details, autoInvite }: CheckedDetails & { ok: true }): Promise<StartResult> => {
    const plain = { details, detailsDigest: detailsDigest(details), policy, again: args.again, batch };
    const request = autoInvite ? plain : { ...plain, autoInvite };
    // First: if nothing can be recorded, Temporal is not called.
    const audit = await deps.audit();
    const applicants = await connect();
    signal.throwIfAborted();
    return startWithAudit(args, deps, audit, applicants, request);
  };

  const handle = async ({ checked, position, hasRepeats }: StartCandidate): Promise<void> => {
    if (!checked.ok) return report.printInvalid(checked, position);
    const { clientUserId } = checked.details;
    if (position.repeats !== undefined) {
      const earlier = args.dryRun ? null : await repeated.get(clientUserId);
      return report.printRepeat(clientUserId, position, earlier ?? null);
    }
    if (args.dryRun) return report.printValid(clientUserId, position);
    const starting = start(checked);
    // Before the first await, because the repeated row may be handled in the same turn.
    if (hasRepeats) repeated.set(clientUserId, starting);
    const started = await starting;
    report.printStarted(started, position);
    if (args.wait && started.standing === 'open' && started.result !== 'conflict')
      open.set(clientUserId, { started, position });
  };

  if ('single' in args.source)
    await handle({ position: {}, checked: checkDetails(args.source.single, args.autoInvite) });
  else await startFile(args, args.source.file, deps, report, handle);
  if (open.size > 0) {
    terminal.write(`waiting for ${open.size === 1 ? 'the applicant' : `${open.size} applicants`} to close`);
    const applicants = await connect();
    await forEachConcurrent(open.values(), CONCURRENT_WAITS, async ({ started, position }, failed) => {
      // An applicant closes after up to 90 days, so the failure of one wait ends the others.
      const stop = AbortSignal.any([signal, failed]);
      const wait = (onAnswer: () => void) =>
        applicants.waitForClose(started.clientUserId, stop, (summary) => {
          onAnswer();
          report.printHumanId(summary, position);
        });
      const closed = await retryWhileUnavailable(wait, terminal, stop);
      report.printClosed(closed ?? { ...started, standing: 'forced', stage: null }, position);
    });
  }
  terminal.clearProgress();
  if (batch) terminal.write(report.describeCounts());
  if (report.isSuccess()) return 0;
  // A single applicant with invalid details is wrong usage.
  return batch || connected ? 1 : 2;
}

/** Handles the applicants of a file, after a first reading that finds contradicting rows. */
async function startFile(
  args: StarterArguments,
  file: string,
  { terminal, signal, openFile }: StarterDeps,
  report: StartReport,
  handle: (candidate: StartCandidate) => Promise<void>,
): Promise<void> {
  const text = await openFile(file, signal);
  try {
    const index = await indexRows(args, text, () => terminal.showProgress(`${displayShare(text)}reading`));
    await forEachConcurrent(readCandidates(args, file, text, index), CONCURRENT_STARTS, async (candidate) => {
      signal.throwIfAborted();
      await handle(candidate);
      terminal.showProgress(`${displayShare(text)}${report.describeCounts()}`);
    });
  } finally {
    await text.close();
  }
}

/**
 * Records `start` before Temporal is called, and `not-started` if the applicant existed. A `start` without it created an applicant, or its result is
 * unknown.
 */
async function startWithAudit(
  { authorizationReference, again }: StarterArguments,
  deps: StarterDeps,
  audit: Pick<Audit, 'record'>,
  applicants: Applicants,
  request: StartRequest,
): Promise<StartResult> {
  const { clientUserId } = request.details;
  const entry = { who: deps.actor, clientUserId, authorizationReference: authorizationReference ?? undefined };
  await audit.record({ ...entry, did: 'start', detail: again ? 'again' : undefined });
  const started = await retryWhileUnavailable(() => applicants.start(request), deps.terminal, deps.signal);
  if (started.result !== 'started') await audit.record({ ...entry, did: 'not-started', detail: started.result });
  return started;
}

/** `[######------]  50 % `; empty if the length is unknown. */
function displayShare({ share }: ApplicantsText): string {
  return share === null ? '' : `${progressBar(share())} `;
}

/**
 * Starting and waiting can be repeated safely, so an outage of Temporal loses no applicant. `onAnswer` ends an outage, because a call may last for
 * weeks.
 */
async function retryWhileUnavailable<T>(
  call: (onAnswer: () => void) => Promise<T>,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<T> {
  let outage: { readonly untilMs: number; delayMs: number } | null = null;
  for (;;) {
    try {
      return await call(() => {
        outage = null;
      });
    } catch (error) {
      signal.throwIfAborted();
      outage ??= { untilMs: performance.now() + OUTAGE_LIMIT_MS, delayMs: FIRST_RETRY_MS };
      if (!isTransient(error) || performance.now() > outage.untilMs) throw error;
      terminal.showProgress('Temporal does not answer; retrying');
      await sleep(outage.delayMs, undefined, { signal });
      outage.delayMs = Math.min(2 * outage.delayMs, MAX_RETRY_MS);
    }
  }
}
