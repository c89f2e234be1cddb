import { createHash } from 'node:crypto';
import { parseInstantMs } from '../domain/instants';
import { closedNeeds, type Need } from '../domain/needs';
import type { Outcome, Stage } from '../domain/outcome';
import type { Manifest } from '../report-store/port';
import type { ApplicantRecord } from '../temporal/applicant-record';
import { isOpenRecord } from './applicant-needs';

/** What an entity tag depends on. Times in ms since 1970. */
interface TaggedFields {
  readonly round: number | null;
  readonly stage: Stage | null;
  readonly stageSinceMs: number | null;
  readonly outcome: Outcome | null;
  readonly needs: readonly Need[];
  readonly dueAtMs: number | null;
}

/**
 * The tag of an applicant in Temporal. `needs`: the recorded and the computed ones. The answer to the state query does not count, so that the tag is
 * the same without a worker. A run that was ended by force keeps its search attributes, but its view has other needs and no deadline.
 */
export function recordEtag(record: ApplicantRecord, needs: readonly Need[]): string {
  return toEtag({ ...record, needs, dueAtMs: isOpenRecord(record) ? record.dueAtMs : null });
}

/** The tag of a closed round in the manifest: that of its run, also after Temporal has deleted the run. */
export function manifestEtag({ round, outcome, reason, closedAt }: Manifest): string {
  const stage = outcome === null ? null : 'closed';
  const needs = closedNeeds(reason);
  return toEtag({ round, stage, stageSinceMs: parseInstantMs(closedAt), outcome, needs, dueAtMs: null });
}

function toEtag({ round, stage, stageSinceMs, outcome, needs, dueAtMs }: TaggedFields): string {
  const fields = JSON.stringify([round, stage, stageSinceMs, outcome, needs, dueAtMs]);
  return createHash('sha256').update(fields).digest('hex').slice(0, 32);
}
