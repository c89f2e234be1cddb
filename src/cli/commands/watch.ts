import { setTimeout as sleep } from 'node:timers/promises';
import { isTransient } from '../../temporal/rpc';
import { Unavailable } from '../../use-cases/errors';
import type { UseCases } from '../../use-cases/use-cases';
import type { ApplicantView, TaggedApplicant } from '../../use-cases/views';
import type { ExitStatus } from '../exit-status';
import { displayInstant } from '../rows';
import { describeState } from '../state-text';
import { countMissing } from './applicant-text';
import { addApplicantCommand, type CommandContext, type RegisterCommand } from './context';

/** Each read asks Temporal and a worker. */
const READ_EVERY_MS = 2_000;

/** `chartway watch <clientUserId>`: one line per change, until the applicant closes. */
export const watchCommand: RegisterCommand = (program, select) => {
  addApplicantCommand(
    program,
    'watch',
    'Follow an applicant until it closes: one line per change. Ctrl-C ends the command, not the applicant.',
    (clientUserId) => select((context) => watchApplicant(context, clientUserId)),
  ).addHelpText(
    'after',
    '\nIt continues after an outage of Temporal. Exit status: 0 it has closed with an outcome; 1 the outcome is failed, or there is none; 130 Ctrl-C.',
  );
};

/** Prints each change of an applicant until it closes. An outage after the first answer does not end it. */
export async function watchApplicant(
  context: CommandContext,
  clientUserId: string,
  readEveryMs = READ_EVERY_MS,
): Promise<ExitStatus> {
  const { terminal, print, json, screen, signal } = context;
  const useCases = await context.useCases();
  let printedKey: string | null = null;
  let tagged = await useCases.show(clientUserId);
  if (isOutdated(tagged)) tagged = await readAfterOutage(context, useCases, clientUserId, readEveryMs);
  for (;;) {
    const { applicant } = tagged;
    const key = describeProgress(applicant);
    if (key !== printedKey) {
      terminal.clearProgress();
      print(json ? JSON.stringify({ ...applicant, etag: tagged.etag }) : describeChange(applicant));
      printedKey = key;
    }
    if (!applicant.open) return applicant.outcome === null || applicant.outcome === 'failed' ? 1 : 0;
    if (screen !== null) terminal.showProgress(describeWait(applicant));
    await sleep(readEveryMs, undefined, { signal });
    tagged = await readAfterOutage(context, useCases, clientUserId, readEveryMs);
  }
}

async function readAfterOutage(
  { terminal, signal }: CommandContext,
  useCases: UseCases,
  clientUserId: string,
  readEveryMs: number,
): Promise<TaggedApplicant> {
  let isWarned = false;
  for (;;) {
    const tagged = await useCases.show(clientUserId).catch(nullIfUnavailable);
    if (tagged !== null && !isOutdated(tagged)) {
      if (isWarned) terminal.write('Temporal answers again');
      return tagged;
    }
    if (!isWarned) terminal.write('Temporal or the report store does not answer; still watching');
    isWarned = true;
    await sleep(readEveryMs, undefined, { signal });
  }
}

/** Without Temporal, the manifest may show an earlier round. */
function isOutdated({ applicant }: TaggedApplicant): boolean {
  return applicant.degraded.includes('temporal-unavailable');
}

function nullIfUnavailable(error: unknown): null {
  if (error instanceof Unavailable || isTransient(error)) return null;
  throw error;
}

function describeChange(applicant: ApplicantView): string {
  const { asOf, clientUserId } = applicant;
  return `${displayInstant(asOf)}  ${clientUserId}  ${describeProgress(applicant)}`.replace(/\p{Cc}/gu, '?');
}

/** Views with the same text are no change. It has no times of the next reads, which change although nothing happened. */
function describeProgress(applicant: ApplicantView): string {
  const { round, status, documents, needs, snoozedUntil, waitingFor, deadline, failure, degraded } = applicant;
  const parts = [
    describeState(applicant),
    round !== null && round > 1 && `round ${round}`,
    status,
    documents && `${documents.stored} documents, ${countMissing(documents)} missing`,
    needs.length > 0 && `needs ${needs.join(', ')}`,
    snoozedUntil && `snoozed until ${displayInstant(snoozedUntil)}`,
    waitingFor && `waits for ${waitingFor.text}`,
    deadline && `deadline ${displayInstant(deadline.at)}`,
    failure && `failure ${failure.class}`,
    degraded.length > 0 && `incomplete: ${degraded.join(', ')}`,
  ];
  return parts.filter(Boolean).join('; ');
}

function describeWait({ stage, nextCheckAt, deadline }: ApplicantView): string {
  const next = nextCheckAt === null ? '' : `, next check ${displayInstant(nextCheckAt)}`;
  const end = deadline === null ? '' : `, deadline ${displayInstant(deadline.at)}`;
  return `${stage ?? 'unknown'}${next}${end}`;
}
