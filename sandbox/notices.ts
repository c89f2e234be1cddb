import type { Person, Report } from './state';

/** The vendor's constant endpoints, whatever host sends the notification. A receiver must not call them. */
const USERS_ENDPOINT = 'https://admin.humanapi.co/api/v1/users';
const REPORTS_ENDPOINT = 'https://api.humanapi.co/v1/human/medical/reports';

/** One notification as it is sent. */
export type Notice = Readonly<Record<string, string>>;

/** The body of a post: one notification, or several in one array. */
export type NoticeOrBatch = Notice | readonly Notice[];

/** The notification of the person's current status. */
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

/** The notification of a new report or a newer version. It has no clientUserId. */
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
