import type { EventSubject } from '../domain/events';

const KINDS = { applicant: 'a', erased: 'e', batch: 'b' } as const;
/** No dot, because the signature separates its parts by dots. */
const EVENT_ID = /^evt_([aeb])([A-Za-z0-9_-]{2,140})_(\d{1,9})_([0-9a-f]{8})$/;

/** The id of an event: opaque to receivers, and enough to find its log. */
export function eventIdOf({ kind, id }: EventSubject, sequence: number, epoch: string): string {
  return `evt_${KINDS[kind]}${Buffer.from(id).toString('base64url')}_${sequence}_${epoch}`;
}

/** The subject in an event's id; null for another text. */
export function parseEventId(eventId: string): EventSubject | null {
  const [, letter, encoded] = EVENT_ID.exec(eventId) ?? [];
  const kind = (Object.keys(KINDS) as (keyof typeof KINDS)[]).find((name) => KINDS[name] === letter);
  if (kind === undefined || encoded === undefined) return null;
  const id = Buffer.from(encoded, 'base64url').toString();
  return Buffer.from(id).toString('base64url') === encoded ? { kind, id } : null;
}
