/** Every workflow that a worker serves, by its type's name. */
export { collectRecords } from './collect-records';
export { deliverNotices } from './deliver-notices';
export { refreshReports } from './refresh-reports';
export { retention } from './retention';
export { sweep } from './sweep';
export { withdrawPerson } from './withdraw-person';
