import { isClientUserId } from '../domain/identifiers';
import type { SweepPerson } from '../domain/sweep';
import type { ReportStore } from '../report-store/port';
import type { Person, Upstream } from '../upstream/port';
import { attempt, attemptDecision, type UndecidedAnswer, type UndecidedPatience } from './attempt';
import { translateStoreErrors } from './manifests';
import { readOrNull } from './person';
import { startProgress } from './progress';
import type { FindingPosition } from './sweep';
import { sweepFiles } from './sweep-files';

/** The steps of a sweep that call upstream: one call each, so that the rate cap holds. */
export function createSweepPageActivities({ upstream, reportStore }: { upstream: Upstream; reportStore: ReportStore }) {
  const filesOf = (sweepId: string) => sweepFiles(reportStore.shelf, sweepId);

  return {
    /** Writes one page of upstream's people to the shelf. `repeats`: it brings nobody whom the page before had not. */
    async listPeople({ sweepId, page, offset }: { sweepId: string; page: number; offset: number }) {
      return attempt(async () => {
        const { people: listed, received } = await upstream.listPeople(offset);
        const before = page === 0 ? [] : await translateStoreErrors(() => filesOf(sweepId).people(page - 1));
        const known = new Set(before.map(({ humanId }) => humanId));
        const people = listed.map(personOf);
        const repeats = people.length > 0 && people.every(({ humanId }) => known.has(humanId));
        await translateStoreErrors(() => filesOf(sweepId).putPeople(page, repeats ? [] : people));
        return { received, repeats };
      }, startProgress);
    },

    /** Whether the person of a finding is upstream after all: by humanId, then by clientUserId, because a 404 alone proves nothing. */
    async isThere(input: FindingToAskFor & UndecidedPatience): Promise<boolean | UndecidedAnswer> {
      return attemptDecision(input, () => askFor(input), startProgress);
    },
  };

  async function askFor({ sweepId, at, by }: FindingToAskFor): Promise<boolean> {
    const [shard, part, index] = at;
    const finding = (await translateStoreErrors(() => filesOf(sweepId).findings(shard, part)))[index];
    if (!finding) return false;
    if (by === 'clientUserId') {
      const clientUserId = finding.clientUserId ?? '';
      const people = await upstream.findPeople({ clientUserId });
      return people.some((person) => person.clientUserId === clientUserId || person.subjectId === finding.humanId);
    }
    return (await readOrNull(upstream, finding.humanId)) !== null;
  }
}

interface FindingToAskFor {
  readonly sweepId: string;
  readonly at: FindingPosition;
  readonly by: 'humanId' | 'clientUserId';
}

/** Of a clientUserId outside our alphabet nothing is kept: it is none of ours, and may be anything. */
function personOf({ clientUserId, subjectId }: Person): SweepPerson {
  return { clientUserId: isClientUserId(clientUserId) ? clientUserId : null, humanId: subjectId };
}
