import type { Action } from '../../domain/actions';
import type { ApplicantPage, ApplicantView, PendingCallView } from '../../use-cases/views';
import { displayInstant, printFields } from '../rows';
import type { CommandContext } from './context';

/** A narrow terminal cuts the last ones. */
export const LIST_HEADER = ['clientUserId', 'stage', 'outcome', 'needs', 'next step', 'since', 'deadline', 'round'];

/** The cells of an applicant in a list, for {@link LIST_HEADER}. */
export function toListRow(applicant: ApplicantView) {
  const { clientUserId, round, stage, outcome, stageSince, deadline, needs, nextStep } = applicant;
  return [
    clientUserId,
    stage,
    outcome,
    needs.join(','),
    nextStep?.code ?? null,
    displayInstant(stageSince),
    displayInstant(deadline?.at ?? null),
    round,
  ];
}

type Documents = NonNullable<ApplicantView['documents']>;

const COMMANDS: Readonly<Record<Action, string>> = {
  cancel: 'cancel',
  checkNow: 'check',
  finishNow: 'finish',
  deadline: 'extend',
  retry: 'retry',
};

/** Prints the state of an applicant, one field per line, without personal details. */
export function printApplicant(context: CommandContext, applicant: ApplicantView): void {
  const { deadline, hold, failure, documents, actions, snoozedUntil } = applicant;
  const names = Object.keys(COMMANDS) as Action[];
  const allowed = actions && names.filter((name) => actions[name].allowed).map((name) => COMMANDS[name]);
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
    ...(applicant.pendingCalls ?? []).map((call) => ['failing call', describeCall(call)] as const),
    ['hold', hold?.reasonCode ?? null],
    ['documents', documents && describeDocuments(documents)],
    ['actions', allowed?.join(', ') ?? null],
    ['as of', `${displayInstant(applicant.asOf)} from ${applicant.source}`],
  ]);
}

function describeDocuments(documents: Documents): string {
  return `${documents.stored} stored, ${documents.superseded} superseded, ${countMissing(documents)} missing`;
}

export function countMissing({ missing }: Documents): number {
  return Object.values(missing).reduce((sum, count) => sum + count, 0);
}

function describeCall({ call, attempt, failure, nextAttemptAt }: PendingCallView): string {
  const next = nextAttemptAt === null ? 'runs now' : `next at ${displayInstant(nextAttemptAt)}`;
  return `${call}: attempt ${attempt}, ${failure ?? 'unknown'}, ${next}`;
}

const DEGRADED_TEXT: Readonly<Record<ApplicantView['degraded'][number], string>> = {
  'no-worker': 'no worker answered, so values are missing or old; start one, or check TASK_QUEUE',
  'temporal-unavailable': 'Temporal did not answer, so values are missing or old; check TEMPORAL_ADDRESS',
  'store-unavailable': 'the report store did not answer, so values are missing; check REPORT_STORE',
};

/** Warns that a view is not complete. */
export function warnIfDegraded({ terminal }: CommandContext, degraded: ApplicantView['degraded']): void {
  for (const each of degraded) terminal.write(DEGRADED_TEXT[each]);
}

export type Coverage = ApplicantPage['coverage'];

/** Temporal deletes closed runs after its retention time. */
export function warnOfMissingRuns({ terminal }: CommandContext, { since }: Coverage): void {
  if (since !== null) terminal.write(`applicants that closed before ${displayInstant(since)} may be missing`);
}
