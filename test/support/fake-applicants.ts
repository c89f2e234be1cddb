import type { StarterArguments } from '../../src/cli/arguments';
import type { ApplicantSummary, Applicants, StartRequest, StartResult } from '../../src/temporal/applicants';

/** The starter's arguments with the flag `--json` only. */
export const PLAIN_ARGUMENTS: Omit<StarterArguments, 'source'> = {
  wanted: null,
  wait: false,
  json: true,
  again: false,
  dryRun: false,
  autoInvite: true,
  authorizationReference: null,
};

/** An applicant that has just started; `change` replaces fields. */
export function summaryOf(clientUserId: string, change: Partial<ApplicantSummary> = {}): ApplicantSummary {
  return {
    clientUserId,
    workflowId: `applicant-${clientUserId}`,
    runId: 'run-1',
    standing: 'open',
    startedAtMs: 0,
    closedAtMs: null,
    stage: 'inviting',
    outcome: null,
    reason: null,
    humanId: null,
    ...change,
  };
}

/** A Temporal that answers each start as `answer` returns, and rejects every other call. */
export function startingApplicants(
  answer: (request: StartRequest) => Partial<StartResult> | undefined | Promise<Partial<StartResult> | undefined>,
): Applicants {
  const reject = () => Promise.reject(new Error('expected no call but start'));
  return {
    start: async (request) => ({
      ...summaryOf(request.details.clientUserId),
      result: 'started',
      ...(await answer(request)),
    }),
    findStarted: reject,
    read: reject,
    readBatchId: reject,
    readState: reject,
    requestCancel: reject,
    readInvitation: reject,
    waitForClose: reject,
  };
}
