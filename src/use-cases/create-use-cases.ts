import { readAttention } from './attention';
import { readAuditTrail } from './audit-trail';
import { readBatchResults } from './batch-results';
import { checkBatch, startBatch } from './batch-upload';
import { listBatches, showBatch, steerBatch } from './batches';
import { openChangeStream } from './change-stream';
import { listDeliveries } from './deliveries';
import { readDetails } from './details';
import { createOpenings } from './document-openings';
import { listDocuments, openDocument } from './documents';
import { openZip } from './documents-zip';
import { listEndpoints, pauseEndpoint, recoverEndpoint, resumeEndpoint, testEndpoint } from './endpoints';
import { listEvents, resendEvent } from './events';
import { readInvitation } from './invitation';
import { listApplicants } from './list-applicants';
import { showApplicant } from './show-applicant';
import { startApplicant } from './start-applicant';
import { cancelApplicant, checkNow, finishNow, retryCall, setDeadline, snooze } from './steer';
import { createSummary } from './summary';
import { readSystem } from './system';
import { readTimeline } from './timeline';
import type { UseCaseDeps, UseCases } from './use-cases';
import { withdrawClosed } from './withdraw';

export function createUseCases(deps: UseCaseDeps): UseCases {
  const recordOpening = createOpenings(deps);
  return {
    start: (...args) => startApplicant(deps, ...args),
    list: (...args) => listApplicants(deps, ...args),
    show: (...args) => showApplicant(deps, ...args),
    timeline: (...args) => readTimeline(deps, ...args),
    details: (...args) => readDetails(deps, ...args),
    invitation: (...args) => readInvitation(deps, ...args),
    cancel: (...args) => cancelApplicant(deps, ...args),
    checkNow: (...args) => checkNow(deps, ...args),
    finishNow: (...args) => finishNow(deps, ...args),
    setDeadline: (...args) => setDeadline(deps, ...args),
    snooze: (...args) => snooze(deps, ...args),
    retry: (...args) => retryCall(deps, ...args),
    withdraw: (...args) => withdrawClosed(deps, ...args),
    documents: (...args) => listDocuments(deps, ...args),
    openDocument: (...args) => openDocument(deps, recordOpening, ...args),
    openZip: (...args) => openZip(deps, recordOpening, ...args),
    checkBatch,
    startBatch: (...args) => startBatch(deps, ...args),
    batches: (...args) => listBatches(deps, ...args),
    batch: (...args) => showBatch(deps, ...args),
    steerBatch: (...args) => steerBatch(deps, ...args),
    batchResults: (...args) => readBatchResults(deps, ...args),
    events: (...args) => listEvents(deps, ...args),
    deliveries: (...args) => listDeliveries(deps, ...args),
    resend: (...args) => resendEvent(deps, ...args),
    endpoints: () => listEndpoints(deps),
    pauseEndpoint: (...args) => pauseEndpoint(deps, ...args),
    resumeEndpoint: (...args) => resumeEndpoint(deps, ...args),
    testEndpoint: (...args) => testEndpoint(deps, ...args),
    recoverEndpoint: (...args) => recoverEndpoint(deps, ...args),
    stream: openChangeStream(deps),
    summary: createSummary(deps),
    attention: () => readAttention(deps),
    system: () => readSystem(deps),
    audit: (...args) => readAuditTrail(deps, ...args),
  };
}
