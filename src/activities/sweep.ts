import { createHash } from 'node:crypto';
import { activityInfo, heartbeat } from '@temporalio/activity';
import pLimit from 'p-limit';
import { parseInstantMs } from '../domain/instants';
import type { Policy } from '../domain/policy';
import {
  type ApplicantListing,
  type ApplicantObservation,
  findCandidates,
  judgeCandidate,
  type RecordedEnding,
  SWEEP_KINDS,
  type SweepCandidate,
  type SweepFinding,
  type SweepKind,
} from '../domain/sweep';
import type { ReportStore } from '../report-store/port';
import { findingsFileName, LATEST_SWEEP } from '../report-store/sweep-findings';
import type { SweepResult } from '../workflows/contract';
import type { ApplicantRuns } from './applicant-runs';
import { readOwnManifest, translateStoreErrors } from './store';
import { sweepFiles, toJsonLines } from './sweep-files';

/** The settings of a sweep, read once at its start. */
export interface SweepSettings {
  readonly sweepId: string;
  readonly refreshForMs: number;
  readonly pollMs: Policy['pollMs'];
}

/** The applicants in Temporal. */
export interface SweepSource {
  /** One page of all applicants. `next`: the token of the next page; null after the last one. */
  listApplicants(next: string | null): Promise<{ applicants: readonly ApplicantListing[]; next: string | null }>;
  /** The newest run of one applicant; null if Temporal has none. */
  observe(clientUserId: string, pollMs: Policy['pollMs'], nowMs: number): Promise<ApplicantObservation | null>;
}

/** Shard, part and index of a finding. */
export type FindingPosition = readonly [shard: number, part: number, index: number];

export interface ShardToCompare {
  readonly settings: SweepSettings;
  readonly shard: number;
  readonly shards: number;
  readonly peoplePages: number;
  readonly applicantPages: number;
}

export interface PartToCheck {
  readonly settings: SweepSettings;
  readonly shard: number;
  readonly part: number;
}

export interface SweepToFinish {
  readonly settings: SweepSettings;
  readonly people: number;
  readonly applicants: number;
  /** The number of parts of each shard. */
  readonly parts: readonly number[];
  /** Findings `gone` that the upstream has confirmed. */
  readonly confirmed: readonly FindingPosition[];
  readonly unchecked: number;
}

export interface SweepDeps {
  readonly reportStore: ReportStore;
  readonly sweepSource: SweepSource;
  readonly runs: Pick<ApplicantRuns, 'findByHumanId'>;
  readonly refreshForMs: number;
  readonly policy: Policy;
}

/** Candidates of one part: a few seconds of work. */
const PART_SIZE = 500;
/** Low, because Temporal and the worker have other work. */
const OBSERVE_CONCURRENCY = 8;
/** Ids of each kind in the result, which is part of the history. */
const FIRST_IDS = 100;
/** Lists of findings to keep. */
const KEPT_LISTS = 30;
/** The sweeps of the newest lists may still run and need their working files, because two sweeps can run at once. */
const UNSETTLED_LISTS = 2;

/** The activities of a sweep that do not call the upstream. */
export function createSweepActivities({ reportStore, sweepSource, runs, refreshForMs, policy }: SweepDeps) {
  const { shelf } = reportStore;

  return {
    /** Reads the settings, because a schedule has no arguments. */
    async beginSweep(): Promise<SweepSettings> {
      const { currentAttemptScheduledTimestampMs: nowMs, workflowExecution } = activityInfo();
      const time = new Date(nowMs).toISOString().replace(/[-:.]/g, '');
      const run = workflowExecution?.runId.slice(0, 8) ?? '';
      return { sweepId: `${time}-${run}`, refreshForMs, pollMs: policy.pollMs };
    },

    /** Writes one page of the applicants to the shelf. */
    async listApplicants(input: { sweepId: string; page: number; next: string | null }) {
      const { applicants, next } = await sweepSource.listApplicants(input.next);
      await translateStoreErrors(() => sweepFiles(shelf, input.sweepId).put('applicants', applicants, input.page));
      return { rows: applicants.length, next };
    },

    /** Compares one shard of both lists, writes its candidates to the shelf in parts, and returns the number of parts. */
    async compareShard(input: ShardToCompare): Promise<number> {
      const { shard, peoplePages, applicantPages, settings } = input;
      const files = sweepFiles(shelf, settings.sweepId);
      return translateStoreErrors(async () => {
        const people = await readShard(peoplePages, (page) => files.read('people', page), input);
        const applicants = await readShard(applicantPages, (page) => files.read('applicants', page), input);
        const nowMs = activityInfo().currentAttemptScheduledTimestampMs;
        const candidates = findCandidates(people, applicants, nowMs, settings.refreshForMs)
          // A person without a clientUserId is in every shard, and is checked in the first.
          .filter(({ clientUserId }) => clientUserId !== null || shard === 0);
        const parts = Math.ceil(candidates.length / PART_SIZE);
        for (let part = 0; part < parts; part += 1) {
          const rows = candidates.slice(part * PART_SIZE, (part + 1) * PART_SIZE);
          await files.put('candidates', rows, shard, part);
        }
        return parts;
      });
    },

    /** Judges each candidate of a part by its newest run. Returns which findings the upstream still has to confirm. */
    async checkPart({ settings, shard, part }: PartToCheck): Promise<{ gone: number[] }> {
      const files = sweepFiles(shelf, settings.sweepId);
      const candidates = await translateStoreErrors(() => files.read('candidates', shard, part));
      const limit = pLimit(OBSERVE_CONCURRENCY);
      const judged = await limit
        .map(candidates, (candidate) => judge(candidate, settings))
        // After a failure no further candidate is judged.
        .finally(() => limit.clearQueue());
      const findings = judged.filter((finding) => finding !== null);
      await translateStoreErrors(() => files.put('findings', findings, shard, part));
      return { gone: findings.flatMap(({ kind }, index) => (kind === 'gone' ? [index] : [])) };
    },

    /** Writes the list of findings, one per line, and the result of the sweep. */
    async finishSweep(input: SweepToFinish): Promise<SweepResult> {
      const { settings, people, applicants, unchecked } = input;
      const { sweepId } = settings;
      return translateStoreErrors(async () => {
        const findings = await readFindings(input);
        const byKind = <T>(summarize: (findings: readonly SweepFinding[]) => T) =>
          Object.fromEntries(
            SWEEP_KINDS.map((kind) => [kind, summarize(findings.filter((finding) => finding.kind === kind))]),
          ) as Record<SweepKind, T>;
        const counts = byKind((found) => found.length);
        const first = byKind((found) =>
          found.slice(0, FIRST_IDS).map(({ clientUserId, humanId }) => clientUserId ?? humanId),
        );
        const name = findingsFileName(sweepId);
        await shelf.put(name, toJsonLines(findings.map(toFindingLine)));
        const at = new Date(activityInfo().currentAttemptScheduledTimestampMs).toISOString();
        const latest = { at, sweepId, people, applicants, unchecked, counts, file: `.chartway/${name}` };
        await shelf.put(LATEST_SWEEP, toJsonLines([latest]));
        return { sweepId, people, applicants, counts, first, unchecked, file: latest.file };
      });
    },

    /** Removes the working files of the sweep and of ended ones, and the oldest lists of findings. */
    async tidySweep({ sweepId }: { sweepId: string }): Promise<void> {
      await translateStoreErrors(async () => {
        await sweepFiles(shelf, sweepId).remove();
        const lists = (await shelf.list('sweeps/')).flatMap((name) => /^sweeps\/([^/]+)\.jsonl$/.exec(name)?.[1] ?? []);
        // A concurrent erasure may have rewritten a file of an ended sweep after its removal.
        for (const ended of lists.slice(0, -UNSETTLED_LISTS)) await sweepFiles(shelf, ended).remove();
        for (const oldest of lists.slice(0, -KEPT_LISTS)) await shelf.remove(findingsFileName(oldest));
      });
    },
  };

  async function judge(candidate: SweepCandidate, settings: SweepSettings): Promise<SweepFinding | null> {
    heartbeat();
    const nowMs = activityInfo().currentAttemptScheduledTimestampMs;
    const clientUserId = candidate.clientUserId ?? (await runs.findByHumanId(candidate.humanId ?? ''));
    const run = clientUserId === null ? null : await sweepSource.observe(clientUserId, settings.pollMs, nowMs);
    // Temporal may have deleted the run; the manifest has its ending.
    const isForgotten = candidate.of === 'person' && clientUserId !== null && run === null;
    const recorded = isForgotten ? await readEnding(clientUserId) : null;
    return judgeCandidate(candidate, run, recorded, nowMs, settings.refreshForMs);
  }

  async function readEnding(clientUserId: string): Promise<RecordedEnding | null> {
    const manifest = await readOwnManifest(reportStore, clientUserId);
    return manifest && { outcome: manifest.outcome, closedAtMs: parseInstantMs(manifest.closedAt) };
  }

  /** The findings of all parts, without missing people that the upstream has not confirmed as gone. */
  async function readFindings({ settings, parts, confirmed }: SweepToFinish): Promise<SweepFinding[]> {
    const files = sweepFiles(shelf, settings.sweepId);
    const confirmedPositions = new Set(confirmed.map((position) => position.join()));
    const findings: SweepFinding[] = [];
    for (const [shard, partCount] of parts.entries()) {
      for (let part = 0; part < partCount; part += 1) {
        for (const [index, finding] of (await files.readFindings(shard, part)).entries()) {
          const isConfirmed = finding?.kind !== 'gone' || confirmedPositions.has([shard, part, index].join());
          if (finding && isConfirmed) findings.push(finding);
        }
      }
    }
    return findings;
  }
}

/** The rows of all pages that belong to a shard. Rows without a clientUserId belong to each. */
async function readShard<R extends { readonly clientUserId: string | null }>(
  pages: number,
  read: (page: number) => Promise<readonly R[]>,
  { shard, shards }: ShardToCompare,
): Promise<R[]> {
  const isInShard = ({ clientUserId }: R) =>
    clientUserId === null ||
    shards === 1 ||
    createHash('sha256').update(clientUserId).digest().readUInt32BE() % shards === shard;
  const rows: R[] = [];
  for (let page = 0; page < pages; page += 1) {
    heartbeat();
    for (const row of await read(page)) if (isInShard(row)) rows.push(row);
  }
  return rows;
}

function toFindingLine({ kind, clientUserId, humanId, sinceMs, reason }: SweepFinding) {
  return {
    kind,
    clientUserId,
    humanId: humanId === '' ? null : humanId,
    ...(sinceMs !== undefined && { since: new Date(sinceMs).toISOString() }),
    ...(reason !== undefined && { reason }),
    ...(kind === 'terminated' && clientUserId !== null && { offer: `npm run chartway -- withdraw ${clientUserId}` }),
  };
}
