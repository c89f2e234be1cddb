/** Every workflow that a worker serves, by its type's name. */
export { collectRecords } from './collect-records';
export { deliverEvents } from './deliver-events';
export { deliverNotices } from './deliver-notices';
export { recoverEndpoint } from './recover-endpoint';
export { refreshReports } from './refresh-reports';
export { retention } from './retention';
export { runBatch } from './run-batch';
export { sweep } from './sweep';
export { withdrawPerson } from './withdraw-person';
