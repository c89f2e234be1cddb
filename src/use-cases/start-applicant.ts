import { type DetailsMatch, matchDetails } from '../report-store/keyed-digest';
import type { Manifest } from '../report-store/port';
import { createApplicants, type StartRequest, type StartResult } from '../temporal/applicants';
import { detailsDigest, differingFields, normalizeDetails } from '../temporal/details';
import { readRunInput } from '../temporal/history';
import { DetailsConflict, isNotDone, Unavailable } from './errors';
import { tryReadStore } from './read-attempt';
import { showApplicant } from './show-applicant';
import { startAgain } from './start-again';
import { startDeadlineMs } from './start-deadline';
import { showStarted } from './started-view';
import { changeTemporal, readTemporal } from './unavailable';
import type { Actor, StartCommand, UseCaseDeps } from './use-cases';
import type { StartedApplicant } from './views';

/**
 * Starts an applicant, or finds the one that was started with the same details. The audit line comes first; if nothing
 * was started, a second one follows. If Temporal does not answer, the applicant may have started, and repeating is safe.
 */
export async function startApplicant(
  deps: UseCaseDeps,
  command: StartCommand,
  { who, onBehalfOf }: Actor,
): Promise<StartedApplicant> {
  const { details, again, authorizationReference } = command;
  const { clientUserId } = details;
  const entry = { who, onBehalfOf, clientUserId, authorizationReference };
  await deps.audit.record({ ...entry, did: 'start', detail: again ? 'again' : undefined });
  const recordNotStarted = (detail: string) => deps.audit.record({ ...entry, did: 'not-started', detail });
  try {
    const request = toStartRequest(deps, command);
    const started: StartedApplicant = again
      ? { ...(await startAgain(deps, request, command.ifMatch)), result: 'started' }
      : await startOnce(deps, request);
    if (started.result !== 'started') await recordNotStarted(started.result);
    return started;
  } catch (error) {
    if (isNotDone(error)) await recordNotStarted(error.kind);
    throw error;
  }
}

/** The input of the run. */
function toStartRequest({ policy }: UseCaseDeps, command: StartCommand): StartRequest {
  const { details, autoInvite, reports, authorizationReference } = command;
  return {
    details,
    detailsDigest: detailsDigest(details),
    policy: reports ? { ...policy, wanted: reports } : policy,
    autoInvite,
    ...(authorizationReference !== undefined && { authorizationReference }),
  };
}

/** What a start without `again` came to. `run` null: Temporal has no run of the applicant any more. */
interface Begun {
  readonly result: StartResult['result'];
  readonly run: StartResult | null;
}

async function startOnce(deps: UseCaseDeps, request: StartRequest): Promise<StartedApplicant> {
  const { result, run } = await beginApplicant(deps, request);
  if (run !== null) return answerStart(deps, request, run);
  const current = await showApplicant(deps, request.details.clientUserId);
  if (result === 'conflict') throw new DetailsConflict(null, current.applicant);
  return { ...current, result: 'closed' };
}

/** Starts an applicant, or finds the one that exists, also long after Temporal has forgotten it. @throws {Unavailable}; {KeyMissing} */
export async function beginApplicant(deps: UseCaseDeps, request: StartRequest): Promise<Begun> {
  const { clientUserId } = request.details;
  const applicants = createApplicants(deps);
  const manifest = await tryReadStore(deps.reportStore.readManifest(clientUserId));
  // The applicant may have closed, and Temporal may have deleted its run: then a start would begin another one.
  if (manifest.isMissing || manifest.value?.outcome) {
    const existing = await readTemporal(() =>
      applicants.findStarted(clientUserId, request.detailsDigest, startDeadlineMs()),
    );
    if (existing) return { result: existing.result, run: existing };
    if (manifest.isMissing) throw new Unavailable('store', 'nothing', manifest.error);
    const match = manifest.value && matchRecorded(deps, manifest.value, request.detailsDigest);
    if (match === 'other') return { result: 'conflict', run: null };
    if (match === 'same') return { result: 'closed', run: null };
  }
  const round = manifest.value?.round ?? 1;
  const run = await changeTemporal(() => applicants.start(request, { round, untilMs: startDeadlineMs() }));
  return { result: run.result, run };
}

/** As the workflow compares them. `unknown`: the key of the digest may be one that only the worker has, so the workflow compares them. */
function matchRecorded({ digestKeys }: UseCaseDeps, manifest: Manifest, digest: string): DetailsMatch {
  if (manifest.detailsDigest === null) return 'same';
  const match = matchDetails(manifest.detailsDigest, digestKeys, digest);
  return match === 'unknown' && digestKeys.clientSecret !== null ? 'other' : match;
}

async function answerStart(
  deps: UseCaseDeps,
  { details }: StartRequest,
  { result, workflowId, runId }: StartResult,
): Promise<StartedApplicant> {
  if (result === 'started') return { ...(await showStarted(deps, details.clientUserId)), result };
  const current = await showApplicant(deps, details.clientUserId);
  if (result !== 'conflict') return { ...current, result: current.applicant.open ? 'running' : 'closed' };
  const input = await readTemporal(() => readRunInput(deps.client, { workflowId, runId })).catch(() => null);
  const differs = input ? differingFields(normalizeDetails(input.details), details) : [];
  throw new DetailsConflict(differs.length > 0 ? differs : null, current.applicant);
}
