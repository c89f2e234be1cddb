import type { Client } from '@temporalio/client';
import { isHumanId } from '../domain/identifiers';
import { ACTIVITIES } from '../workflows/contract';
import type { Run } from './describe';
import { decodeFirst, type Payloads, readEvents } from './history';

/** The activities of an applicant that answer with a person: invited, adopted, or found by the rule of adoption. */
const ANSWERS_PERSON = new Set<string>([ACTIVITIES.invite, ACTIVITIES.findInvited, ACTIVITIES.lookUp]);

/**
 * Whom an applicant's run has invited, as its history shows. `email`: the e-mail in the run's input where an invitation was scheduled and has no
 * answer, so that the person may be upstream and their humanId is not known; null where every invitation is answered, or the input is unreadable.
 */
export interface InvitedPeople {
  readonly humanIds: readonly string[];
  readonly email: string | null;
}

/** Reads whom a run has invited. It reads a run that was ended by force as well as one that closed. Throws what the client throws. */
export async function invitedIn(client: Client, run: Run): Promise<InvitedPeople> {
  const asked = new Set<string>();
  const unanswered = new Set<string>();
  const humanIds = new Set<string>();
  let input: Payloads;
  for await (const event of readEvents(client, run)) {
    const { activityTaskScheduledEventAttributes: begun, activityTaskCompletedEventAttributes: ended } = event;
    input = event.workflowExecutionStartedEventAttributes?.input?.payloads ?? input;
    const name = begun?.activityType?.name ?? '';
    if (ANSWERS_PERSON.has(name)) asked.add(String(event.eventId));
    if (name === ACTIVITIES.invite) unanswered.add(String(event.eventId));
    const scheduledId = String(ended?.scheduledEventId);
    if (!ended || !asked.has(scheduledId)) continue;
    const answer = (await decodeFirst(client, run, ended.result?.payloads)) as Answer;
    if (typeof answer?.kind === 'string' && answer.createSent !== true) unanswered.delete(scheduledId);
    if (isHumanId(answer?.humanId)) humanIds.add(answer.humanId);
  }
  return { humanIds: [...humanIds], email: unanswered.size > 0 ? await emailIn(client, run, input) : null };
}

/** `createSent`: nothing was decided, and a create may have come through. */
type Answer = { readonly kind?: unknown; readonly humanId?: unknown; readonly createSent?: unknown } | null | undefined;

async function emailIn(client: Client, run: Run, input: Payloads): Promise<string | null> {
  const decoded = (await decodeFirst(client, run, input)) as {
    readonly details?: { readonly clientUserEmail?: unknown };
  } | null;
  const email = decoded?.details?.clientUserEmail;
  return typeof email === 'string' && email.trim() !== '' ? email : null;
}
