import type { Client } from '@temporalio/client';
import { isHumanId } from '../domain/identifiers';
import { ACTIVITIES } from '../workflows/contract';
import type { Run } from './describe';
import { decodeFirst, type Payloads, readEvents } from './history';

/** The answer of the activity `withdraw` where it deleted the person. */
const DELETED = 'deleted';
/** In the place of a humanId that cannot be read: the deletion was made all the same. */
const UNREADABLE = '?';

/** Whom a run has withdrawn upstream, by what its history says: humanIds, each once. It tells of a run that closed as of one that was ended by force. */
export async function withdrawnIn(client: Client, run: Run): Promise<readonly string[]> {
  const scheduled = new Map<string, Payloads>();
  const withdrawn = new Set<string>();
  for await (const event of readEvents(client, run)) {
    const { activityTaskScheduledEventAttributes: begun, activityTaskCompletedEventAttributes: ended } = event;
    if (begun?.activityType?.name === ACTIVITIES.withdraw) scheduled.set(String(event.eventId), begun.input?.payloads);
    const input = scheduled.get(String(ended?.scheduledEventId));
    if (!ended || !input) continue;
    const answer = await decodeFirst(client, run, ended.result?.payloads);
    if (typeof answer === 'string' && answer !== DELETED) continue;
    // An answer that decided nothing: another activity went on.
    if (typeof (answer as { kind?: unknown } | null)?.kind === 'string') continue;
    const asked = (await decodeFirst(client, run, input)) as { humanId?: unknown } | null;
    withdrawn.add(isHumanId(asked?.humanId) ? asked.humanId : UNREADABLE);
  }
  return [...withdrawn];
}
