import type { StarterArguments } from '../../src/cli/arguments';
import type { ApplicantSummary, Applicants, Started, StartRequest } from '../../src/temporal/applicants';

/** The starter's arguments without any flag but `--json`. */
export const PLAIN_ARGUMENTS: Omit<StarterArguments, 'source'> = {
  ...{ wanted: null, wait: false, json: true, again: false, dryRun: false, autoInvite: true },
  authorizationReference: null,
};

/** An applicant that has just started; `change` replaces fields. */
export function summaryOf(clientUserId: string, change: Partial<ApplicantSummary> = {}): ApplicantSummary {
  const workflowId = `applicant-${clientUserId}`;
  return {
    ...{ clientUserId, humanId: null, workflowId, open: true, stage: 'inviting', outcome: null, reason: null },
    ...change,
  };
}

/** A Temporal that answers each start as `answer` returns, and rejects every other call. */
export function startingApplicants(
  answer: (request: StartRequest) => Partial<Started> | undefined | Promise<Partial<Started> | undefined>,
): Applicants {
  const reject = () => Promise.reject(new Error('expected no call but start'));
  return {
    start: async (request) => ({
      ...summaryOf(request.details.clientUserId),
      result: 'started',
      ...(await answer(request)),
    }),
    ...{ read: reject, state: reject, cancel: reject, invitation: reject, untilClosed: reject },
  };
}
