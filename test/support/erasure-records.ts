import { NO_ENCRYPTION } from '../../src/domain/encryption';
import { openErasableEvents } from '../../src/events/erased-events';
import { type ErasureOrigin, openErasureRecords } from '../../src/report-store/erasure-records';
import type { ReportStore } from '../../src/report-store/port';

/** The records of erasures in a store without encryption. */
export function erasureRecordsOf(store: ReportStore, origin?: ErasureOrigin) {
  return openErasureRecords(store, openErasableEvents(store.shelf, NO_ENCRYPTION), origin);
}
