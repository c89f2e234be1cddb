import type { ApplicantView } from '../../use-cases/views';
import { displayInstant, printFields } from '../rows';
import type { CommandContext } from './context';

export const LIST_HEADER = ['clientUserId', 'round', 'stage', 'outcome', 'since', 'deadline', 'needs', 'waiting for'];

/** The cells of an applicant in a list, for {@link LIST_HEADER}. */
export function toListRow(applicant: ApplicantView) {
  const { clientUserId, round, stage, outcome, stageSince, deadline, needs, waitingFor } = applicant;
  return [
    clientUserId,
    round,
    stage,
    outcome,
    displayInstant(stageSince),
    displayInstant(deadline?.at ?? null),
    needs.join(','),
    waitingFor?.code ?? null,
  ];
}

/** Prints everything that is known about an applicant. It has no personal details. */
export function printApplicant(context: CommandContext, applicant: ApplicantView): void {
  const { deadline, hold, failure, documents, actions, snoozedUntil } = applicant;
  const missing = documents && Object.values(documents.missing).reduce((sum, count) => sum + count, 0);
  const allowed = actions && Object.entries(actions).flatMap(([name, { allowed }]) => (allowed ? [name] : []));
  printFields(context, [
    ['clientUserId', applicant.clientUserId],
    ['humanId', applicant.humanId],
    ['round', applicant.round],
    ['stage', applicant.stage],
    ['since', displayInstant(applicant.stageSince)],
    ['status', applicant.status],
    ['outcome', applicant.outcome],
    ['reason', applicant.reason],
    ['opened', displayInstant(applicant.openedAt)],
    ['closed', displayInstant(applicant.closedAt)],
    ['waiting for', applicant.waitingFor?.text ?? null],
    ['waiting until', displayInstant(applicant.waitingUntil)],
    ['next check', displayInstant(applicant.nextCheckAt)],
    ['next step', applicant.nextStep?.text ?? null],
    ['deadline', deadline && `${displayInstant(deadline.at)} (${deadline.kind})`],
    ['needs', applicant.needs.join(', ')],
    ['snoozed until', displayInstant(snoozedUntil)],
    ['failure', failure && [failure.class, ...failure.fields].join(' ')],
    ['hold', hold?.reasonCode ?? null],
    ['documents', documents && `${documents.stored} stored, ${documents.superseded} superseded, ${missing} missing`],
    ['actions', allowed?.join(', ') ?? null],
    ['as of', `${displayInstant(applicant.asOf)} from ${applicant.source}`],
  ]);
  for (const { call, attempt, failure: cause, nextAttemptAt } of applicant.pendingCalls ?? []) {
    context.print(
      `failing call\t${call}: attempt ${attempt}, ${cause ?? 'unknown'}, next at ${displayInstant(nextAttemptAt)}`,
    );
  }
}

const DEGRADED_TEXT: Readonly<Record<ApplicantView['degraded'][number], string>> = {
  'no-worker': 'no worker answered, so some fields are unknown; start one, or check TASK_QUEUE',
  'temporal-unavailable': 'Temporal did not answer, so this may be old; check TEMPORAL_ADDRESS',
  'store-unavailable': 'the report store did not answer, so some fields are unknown; check REPORT_STORE',
};

/** Warns that a view is not complete. */
export function warnIfDegraded({ terminal }: CommandContext, degraded: ApplicantView['degraded']): void {
  for (const each of degraded) terminal.write(DEGRADED_TEXT[each]);
}
