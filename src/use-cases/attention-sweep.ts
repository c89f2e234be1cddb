import pLimit from 'p-limit';
import { KeyMissing } from '../domain/encryption';
import type { SweepKind } from '../domain/sweep';
import { StoreError } from '../report-store/errors';
import type { ReportStore } from '../report-store/port';
import { type ListedFinding, readFindings, readLatestSweep } from '../report-store/sweep-findings';
import type { AttentionItem } from './views';

const CONCURRENT_READS = 8;

/** What each finding means, and the action that repairs it. */
const RULES: Readonly<Record<SweepKind, { readonly text: string; readonly toAction: (id: string) => string }>> = {
  terminated: {
    text: 'Its run was terminated or timed out, and its person is still upstream.',
    toAction: (id) => `POST /api/v1/applicants/${id}/withdraw`,
  },
  unread: {
    text: 'Its status has not been read for longer than twice its cadence.',
    toAction: (id) => `POST /api/v1/applicants/${id}/retry`,
  },
  unattended: {
    text: 'Upstream has a person that no applicant follows.',
    toAction: (id) => `POST /api/v1/applicants/${id}/withdraw`,
  },
  gone: {
    text: 'Its person no longer exists upstream. It closes after its next read.',
    toAction: (id) => `POST /api/v1/applicants/${id}/check-now`,
  },
};

export interface Findings {
  readonly items: readonly AttentionItem[];
  /** A manifest cannot be read, so a person among the items may have been withdrawn. */
  readonly isUncertain: boolean;
}

/** The findings of the last sweep, without people that were withdrawn since; at most `limit`. @throws StoreError */
export async function listFindings(reportStore: ReportStore, limit: number): Promise<Findings> {
  const latest = await readLatestSweep(reportStore.shelf);
  if (!latest) return { items: [], isUncertain: false };
  let isUncertain = false;
  const readWithdrawnAt = async (clientUserId: string) => {
    try {
      return (await reportStore.readManifest(clientUserId))?.withdrawnAt;
    } catch (error) {
      if (!(error instanceof StoreError) && !(error instanceof KeyMissing)) throw error;
      isUncertain = true;
      return null;
    }
  };
  const findings = await readFindings(reportStore.shelf, latest.sweepId, limit);
  const pool = pLimit(CONCURRENT_READS);
  const open = await pool.map(findings, async (finding) => {
    const { kind, clientUserId } = finding;
    if (clientUserId === null || (kind !== 'terminated' && kind !== 'unattended')) return finding;
    const withdrawnAt = await readWithdrawnAt(clientUserId);
    return withdrawnAt && withdrawnAt > latest.at ? null : finding;
  });
  const items = open.filter((finding) => finding !== null).map((finding) => toItem(finding, latest.at));
  return { items, isUncertain };
}

function toItem({ kind, clientUserId, since }: ListedFinding, sweptAt: string): AttentionItem {
  const { text, toAction } = RULES[kind];
  const noId = clientUserId === null ? ' It has no clientUserId that Chartway accepts: delete it at Human API.' : '';
  return {
    clientUserId,
    need: kind,
    since: since ?? sweptAt,
    text: `${text}${noId}`,
    action: clientUserId === null ? null : toAction(clientUserId),
  };
}
