import type { Person, Report } from './state';

/** What the vendor says in every notice of its kind, whatever host it is sent from: a receiver must not call it. */
const USERS_ENDPOINT = 'https://admin.humanapi.co/api/v1/users';
const REPORTS_ENDPOINT = 'https://api.humanapi.co/v1/human/medical/reports';

/** One notification as it travels. */
export type Notice = Readonly<Record<string, string>>;

/** "The status of this person is now ...". */
export function statusNotice(person: Person): Notice {
  return {
    clientUserId: person.clientUserId,
    endpoint: USERS_ENDPOINT,
    humanId: person.humanId,
    updatedAt: person.updatedAt,
    property: 'status',
    value: person.status,
  };
}

/** "There is a report, or a newer version of one". It does not say whose in the carrier's terms: no clientUserId. */
export function reportNotice(person: Person, report: Report): Notice {
  return {
    type: report.type,
    endpoint: REPORTS_ENDPOINT,
    objectId: report.id,
    updatedAt: report.updatedAt,
    humanId: person.humanId,
    action: report.revision === 1 ? 'created' : 'updated',
  };
}
