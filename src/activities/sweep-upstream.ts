import { isClientUserId } from '../domain/identifiers';
import type { SweepPerson } from '../domain/sweep';
import type { ReportStore } from '../report-store/port';
import type { Person, Upstream } from '../upstream/port';
import { attempt, attemptDecision, type UndecidedAnswer, type UndecidedPatience } from './attempt';
import { readPersonOrNull } from './person';
import { startProgress } from './progress';
import { translateStoreErrors } from './store';
import type { FindingPosition } from './sweep';
import { sweepFiles } from './sweep-files';

interface IsThereInput extends UndecidedPatience {
  readonly sweepId: string;
  readonly at: FindingPosition;
  readonly by: 'humanId' | 'clientUserId';
}

/** The activities of a sweep that call the upstream: one call each, so that the rate limit holds. */
export function createSweepUpstreamActivities({
  upstream,
  reportStore,
}: {
  upstream: Upstream;
  reportStore: ReportStore;
}) {
  const { shelf } = reportStore;

  return {
    /** Writes one page of the upstream's people to the shelf. `repeats`: all of them were on the page before. */
    async listPeople({ sweepId, page, offset }: { sweepId: string; page: number; offset: number }) {
      const files = sweepFiles(shelf, sweepId);
      return attempt(async () => {
        const { people: listed, received } = await upstream.listPeople(offset);
        const before = page === 0 ? [] : await translateStoreErrors(() => files.read('people', page - 1));
        const known = new Set(before.map(({ humanId }) => humanId));
        const people = listed.map(toSweepPerson);
        const repeats = people.length > 0 && people.every(({ humanId }) => known.has(humanId));
        await translateStoreErrors(() => files.put('people', repeats ? [] : people, page));
        return { received, repeats };
      }, startProgress);
    },

    /** Whether the upstream has the person of a finding. Asked by humanId, then by clientUserId, because a 404 alone proves nothing. */
    async isThere(input: IsThereInput): Promise<boolean | UndecidedAnswer> {
      return attemptDecision(input, () => existsUpstream(input), startProgress);
    },
  };

  async function existsUpstream({ sweepId, at: [shard, part, index], by }: IsThereInput): Promise<boolean> {
    const findings = await translateStoreErrors(() => sweepFiles(shelf, sweepId).readFindings(shard, part));
    const finding = findings[index];
    if (!finding) return false;
    if (by === 'humanId') return (await readPersonOrNull(upstream, finding.humanId)) !== null;
    const clientUserId = finding.clientUserId ?? '';
    const people = await upstream.findPeople({ clientUserId });
    return people.some((person) => person.clientUserId === clientUserId || person.subjectId === finding.humanId);
  }
}

/** A clientUserId that Chartway cannot have made may be personal data, and is not stored. */
function toSweepPerson({ clientUserId, subjectId }: Person): SweepPerson {
  return { clientUserId: isClientUserId(clientUserId) ? clientUserId : null, humanId: subjectId };
}
