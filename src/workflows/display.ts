import { defineSearchAttributeKey } from '@temporalio/common';
import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import { type Outcome, type Stage, statusKind } from '../domain/applicant';
import { countDocuments } from '../domain/collection';
import type { ApplicantState } from './contract';

const STAGE = defineSearchAttributeKey('ApplicantStage', 'KEYWORD');
const STAGE_SINCE = defineSearchAttributeKey('ApplicantStageSince', 'DATETIME');
const OUTCOME = defineSearchAttributeKey('ApplicantOutcome', 'KEYWORD');
const HUMAN_ID = defineSearchAttributeKey('HumanId', 'KEYWORD');

/** Moves the applicant to a stage, in the state and where Temporal's lists are searched: one event, none where nothing changes. */
export function moveToStage(
  state: ApplicantState,
  stage: Stage,
  news: { outcome?: Outcome; humanId?: string } = {},
): void {
  if (stage === state.stage && Object.keys(news).length === 0) return;
  if (stage !== state.stage) state.stageSinceMs = Date.now();
  state.stage = stage;
  upsertSearchAttributes([
    { key: STAGE, value: stage },
    { key: STAGE_SINCE, value: new Date(state.stageSinceMs) },
    ...(news.outcome ? [{ key: OUTCOME, value: news.outcome }] : []),
    ...(news.humanId ? [{ key: HUMAN_ID, value: news.humanId }] : []),
  ]);
}

/** What a person sees of the applicant in the Temporal UI: business words, no personal data. Costs no event. */
export function showDetails(state: ApplicantState): void {
  const { stage, status, waitingFor, waitingUntilMs, stuck, outcome, reason } = state;
  const ended = outcome && `**${outcome}**${reason ? ` (${reason})` : ''}`;
  const waiting = waitingFor && `Waiting for ${waitingFor}${displayDeadline(waitingUntilMs)}.`;
  const documents = countDocuments(state.collection);
  setCurrentDetails(
    [
      `Stage: **${stage}**${status ? `, Human API says ${displayStatus(status)}` : ''}`,
      ...(stuck ? [`**Stuck**: Human API answers ${stuck}.`] : []),
      ended ?? waiting ?? 'At work.',
      `Documents stored: ${documents}`,
    ].join('\n\n'),
  );
}

function displayDeadline(timeMs: number | null): string {
  return timeMs === null ? '' : `, until ${new Date(timeMs).toISOString()} at the latest`;
}

/** A status that we do not know is upstream's text, and may be anything: the state has it. */
function displayStatus(status: string): string {
  return statusKind(status) === 'unknown' ? 'something else than a status that we know' : `"${status.trim()}"`;
}
