import { createHash } from 'node:crypto';
import { activityInfo, heartbeat } from '@temporalio/activity';
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
  type SweepCounts,
  type SweepFinding,
  type SweepKind,
  type SweepPerson,
} from '../domain/sweep';
import { WrongFolder } from '../report-store/errors';
import type { ReportStore } from '../report-store/port';
import type { SweepResult } from '../workflows/contract';
import { translateStoreErrors } from './manifests';
import { findingsFileName, LATEST_SWEEP, sweepFiles, toJsonLines } from './sweep-files';

/** What a sweep goes by, read once at its beginning. */
export interface SweepSettings {
  readonly sweepId: string;
  readonly refreshForMs: number;
  readonly pollMs: Policy['pollMs'];
}

/** Where a sweep learns of our applicants, by whoever knows Temporal's client. */
export interface SweepSource {
  listApplicants(next: string | null): Promise<{ applicants: readonly ApplicantListing[]; next: string | null }>;
  look(clientUserId: string, pollMs: Policy['pollMs'], nowMs: number): Promise<ApplicantObservation | null>;
}

export interface SweepDeps {
  readonly reportStore: ReportStore;
  readonly sweepSource: SweepSource;
  readonly directory: { findByHumanId(humanId: string): Promise<string | null> };
  readonly refreshForMs: number;
  readonly policy: Policy;
}

/** One part of the candidates: a few seconds of looking. */
const PART_SIZE = 500;
/** Looks at Temporal side by side: a worker has other things to do, and so has Temporal. */
const LOOK_CONCURRENCY = 8;
/** Ids of each kind in a sweep's result, which stands in history. */
const FIRST_IDS = 100;
/** Lists of earlier sweeps that are kept. */
const KEPT_LISTS = 30;

/** The steps of a sweep that do not call upstream. */
export function createSweepActivities({ reportStore, sweepSource, directory, refreshForMs, policy }: SweepDeps) {
  const { shelf } = reportStore;

  return {
    /** A schedule has no arguments: the first step reads the settings, for all others to go by. */
    async beginSweep(): Promise<SweepSettings> {
      const { currentAttemptScheduledTimestampMs: nowMs, workflowExecution } = activityInfo();
      const time = new Date(nowMs).toISOString().replace(/[-:.]/g, '');
      const run = workflowExecution?.runId.slice(0, 8) ?? '';
      return { sweepId: `${time}-${run}`, refreshForMs, pollMs: policy.pollMs };
    },

    /** Writes one page of our applicants to the shelf. */
    async listApplicants(input: { sweepId: string; page: number; next: string | null }) {
      const { applicants, next } = await sweepSource.listApplicants(input.next);
      await translateStoreErrors(() => sweepFiles(shelf, input.sweepId).putApplicants(input.page, applicants));
      return { rows: applicants.length, next };
    },

    /** Compares one shard of both sides; returns in how many parts its candidates lie on the shelf. */
    async compareShard(input: ShardToCompare): Promise<number> {
      const files = sweepFiles(shelf, input.settings.sweepId);
      return translateStoreErrors(async () => {
        const people: SweepPerson[] = [];
        for (let page = 0; page < input.peoplePages; page += 1) {
          heartbeat();
          for (const person of await files.people(page)) if (isInShard(person.clientUserId, input)) people.push(person);
        }
        const applicants: ApplicantListing[] = [];
        for (let page = 0; page < input.applicantPages; page += 1) {
          heartbeat();
          for (const row of await files.applicants(page)) if (isInShard(row.clientUserId, input)) applicants.push(row);
        }
        const nowMs = activityInfo().currentAttemptScheduledTimestampMs;
        const candidates = findCandidates(people, applicants, nowMs, input.settings.refreshForMs)
          // Whoever has no clientUserId was compared with every shard, and is looked at in the first.
          .filter(({ clientUserId }) => clientUserId !== null || input.shard === 0);
        for (let part = 0; part * PART_SIZE < candidates.length; part += 1) {
          await files.putCandidates(input.shard, part, candidates.slice(part * PART_SIZE, (part + 1) * PART_SIZE));
        }
        return Math.ceil(candidates.length / PART_SIZE);
      });
    },

    /** Looks at each candidate once more; returns which findings of the part upstream has still to be asked about. */
    async checkPart({ settings, shard, part }: PartToCheck): Promise<{ gone: number[] }> {
      const files = sweepFiles(shelf, settings.sweepId);
      const candidates = await translateStoreErrors(() => files.candidates(shard, part));
      const findings: SweepFinding[] = [];
      for (let at = 0; at < candidates.length; at += LOOK_CONCURRENCY) {
        const some = candidates.slice(at, at + LOOK_CONCURRENCY);
        const judged = await Promise.all(some.map((candidate) => lookAt(candidate, settings)));
        findings.push(...judged.filter((finding) => finding !== null));
      }
      await translateStoreErrors(() => files.putFindings(shard, part, findings));
      return { gone: findings.flatMap(({ kind }, index) => (kind === 'gone' ? [index] : [])) };
    },

    /** Writes the whole list, one finding a line, and how the sweep ended. */
    async finishSweep(input: SweepToFinish): Promise<SweepResult> {
      const { sweepId } = input.settings;
      const files = sweepFiles(shelf, sweepId);
      return translateStoreErrors(async () => {
        const findings: SweepFinding[] = [];
        const confirmed = new Set(input.confirmed.map((at) => at.join()));
        for (const [shard, parts] of input.parts.entries()) {
          for (let part = 0; part < parts; part += 1) {
            for (const [index, finding] of (await files.findings(shard, part)).entries()) {
              if (finding.kind !== 'gone' || confirmed.has([shard, part, index].join())) findings.push(finding);
            }
          }
        }
        const { people, applicants, unchecked } = input;
        const of = (kind: SweepKind) => findings.filter((finding) => finding.kind === kind);
        const byKind = <T>(told: (found: readonly SweepFinding[]) => T) =>
          Object.fromEntries(SWEEP_KINDS.map((kind) => [kind, told(of(kind))])) as Record<SweepKind, T>;
        const counts: SweepCounts = byKind((found) => found.length);
        const first = byKind((found) => found.slice(0, FIRST_IDS).map((one) => one.clientUserId ?? one.humanId));
        const file = findingsFileName(sweepId);
        await shelf.put(file, toJsonLines(findings.map(toFindingLine)));
        const at = new Date(activityInfo().currentAttemptScheduledTimestampMs).toISOString();
        const latest = { at, sweepId, people, applicants, unchecked, counts, file: `.chartway/${file}` };
        await shelf.put(LATEST_SWEEP, toJsonLines([latest]));
        return { sweepId, people, applicants, counts, first, unchecked, file: latest.file };
      });
    },

    /** Takes away what only the sweep itself needed, and the oldest lists. */
    async tidySweep({ sweepId }: { sweepId: string }): Promise<void> {
      await translateStoreErrors(async () => {
        await sweepFiles(shelf, sweepId).tidy();
        const lists = (await shelf.list('sweeps/')).filter((name) => /^sweeps\/[^/]+\.jsonl$/.test(name));
        for (const name of lists.slice(0, -KEPT_LISTS)) await shelf.remove(name);
      });
    },
  };

  async function lookAt(candidate: SweepCandidate, settings: SweepSettings): Promise<SweepFinding | null> {
    heartbeat();
    const nowMs = activityInfo().currentAttemptScheduledTimestampMs;
    const clientUserId = candidate.clientUserId ?? (await directory.findByHumanId(candidate.humanId ?? ''));
    const seen = clientUserId === null ? null : await sweepSource.look(clientUserId, settings.pollMs, nowMs);
    const forgotten = candidate.of === 'person' && clientUserId !== null && seen === null;
    const remembered = forgotten ? await remember(clientUserId) : null;
    return judgeCandidate(candidate, seen, remembered, nowMs, settings.refreshForMs);
  }

  async function remember(clientUserId: string): Promise<RecordedEnding | null> {
    const manifest = await translateStoreErrors(() => reportStore.readManifest(clientUserId)).catch(
      (error: unknown) => {
        if (error instanceof WrongFolder) return null;
        throw error;
      },
    );
    return manifest && { outcome: manifest.outcome, closedAtMs: parseInstantMs(manifest.closedAt) };
  }
}

/** Shard, part and line of a finding. */
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
  /** How many parts each shard has. */
  readonly parts: readonly number[];
  /** Those whom upstream does not know. */
  readonly confirmed: readonly FindingPosition[];
  readonly unchecked: number;
}

function isInShard(clientUserId: string | null, { shard, shards }: { shard: number; shards: number }): boolean {
  if (clientUserId === null || shards === 1) return true;
  return createHash('sha256').update(clientUserId).digest().readUInt32BE() % shards === shard;
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
