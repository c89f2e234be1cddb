import { setTimeout as sleep } from 'node:timers/promises';
import { isTransient } from '../../temporal/rpc';
import { Unavailable } from '../../use-cases/errors';
import type { UseCases } from '../../use-cases/use-cases';
import type { ApplicantView, TaggedApplicant } from '../../use-cases/views';
import type { ExitStatus } from '../exit-status';
import { displayInstant } from '../rows';
import { describeState } from '../state-text';
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
  let shown: string | null = null;
  let seen = await useCases.show(clientUserId);
  for (;;) {
    const { applicant } = seen;
    const changed = toChangeKey(seen);
    if (changed !== shown) {
      terminal.clearProgress();
      print(json ? JSON.stringify({ ...applicant, etag: seen.etag }) : describeChange(applicant));
      shown = changed;
    }
    if (!applicant.open) return applicant.outcome === null || applicant.outcome === 'failed' ? 1 : 0;
    if (screen !== null) terminal.showProgress(describeWait(applicant));
    await sleep(readEveryMs, undefined, { signal });
    seen = await readAfterOutage(context, useCases, clientUserId, readEveryMs);
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
    const seen = await useCases.show(clientUserId).catch(nullIfUnavailable);
    // Without Temporal, the manifest may show an earlier round.
    if (seen !== null && !seen.applicant.degraded.includes('temporal-unavailable')) {
      if (isWarned) terminal.write('Temporal answers again');
      return seen;
    }
    if (!isWarned) terminal.write('Temporal or the report store does not answer; still watching');
    isWarned = true;
    await sleep(readEveryMs, undefined, { signal });
  }
}

function nullIfUnavailable(error: unknown): null {
  if (error instanceof Unavailable || isTransient(error)) return null;
  throw error;
}

/** Without the times of the next reads, which change although nothing happened. */
function toChangeKey({ applicant, etag }: TaggedApplicant): string {
  const { status, waitingFor, needs, deadline, failure, documents, snoozedUntil, degraded } = applicant;
  return JSON.stringify([etag, status, waitingFor?.code, needs, deadline, failure, documents, snoozedUntil, degraded]);
}

function describeChange(applicant: ApplicantView): string {
  const { clientUserId, asOf, status, waitingFor, needs, documents } = applicant;
  const parts = [
    describeState(applicant),
    ...(status === null ? [] : [status]),
    ...(documents === null ? [] : [`${documents.stored} documents`]),
    ...(needs.length === 0 ? [] : [`needs ${needs.join(', ')}`]),
    ...(waitingFor === null ? [] : [`waits for ${waitingFor.text}`]),
  ];
  return `${displayInstant(asOf)}  ${clientUserId}  ${parts.join('; ')}`.replace(/\p{Cc}/gu, '?');
}

function describeWait({ stage, nextCheckAt, deadline }: ApplicantView): string {
  const next = nextCheckAt === null ? '' : `, next check ${displayInstant(nextCheckAt)}`;
  const end = deadline === null ? '' : `, deadline ${displayInstant(deadline.at)}`;
  return `${stage ?? 'unknown'}${next}${end}`;
}
