import { DAY_MS, DEFAULT_POLICY, HOUR_MS, MINUTE_MS } from '../../src/domain/policy';
import { BadDocument, NotFound, Unavailable } from '../../src/upstream/errors';
import type { ApplicantUnderTest, FollowOptions } from '../support/applicant-under-test';
import { type Change, FakeUpstream, facts, provider } from '../support/fake-upstream';
import { BY_NOTICES } from '../support/policies';
import { useTimeSkipping } from '../support/time-skipping';
import { useSimulation } from './follow';

const temporal = useTimeSkipping();
const simulation = useSimulation();

const ALL_SYNCED: readonly Change[] = [{ afterMs: HOUR_MS, status: 'All Synced', reports: provider('A') }];

interface Case {
  readonly script: readonly Change[];
  readonly options?: FollowOptions;
  prepare?(upstream: FakeUpstream): void;
  /** What the test does before it waits for the end. */
  drive?(applicant: ApplicantUnderTest): Promise<void>;
}

const CASES: Readonly<Record<string, Case>> = {
  'collected by polls': { script: ALL_SYNCED },
  'partial by notices': {
    script: [{ afterMs: HOUR_MS, status: 'Some Synced', reports: provider('A') }],
    options: { policy: BY_NOTICES },
    drive: (applicant) => applicant.sendNotices([{ afterMs: HOUR_MS, status: 'Some Synced', reports: provider('A') }]),
  },
  declined: { script: [{ afterMs: HOUR_MS, status: 'Declined' }] },
  expired: {
    script: [],
    options: { policy: { ...DEFAULT_POLICY, expiresMs: { ...DEFAULT_POLICY.expiresMs, invitation: DAY_MS } } },
  },
  'gone upstream': { script: [{ afterMs: HOUR_MS, gone: true }] },
  cancelled: {
    script: [],
    drive: async (applicant) => {
      await applicant.skipTo(HOUR_MS);
      await applicant.handle.cancel();
    },
  },
  'a create without an answer': {
    script: ALL_SYNCED,
    prepare: ({ faults }) => {
      const error = new Unavailable(facts(null), 'scripted', { callMayBeAlive: false });
      faults.push({ route: 'invite', error, times: 1, after: true });
    },
  },
  'a broken and a missing document': {
    script: ALL_SYNCED,
    prepare: ({ faults }) => {
      faults.push({ route: 'openReport', target: 'u-A.json', error: new BadDocument(facts(200), 'scripted') });
      faults.push({ route: 'openReport', target: 'c-A.pdf', error: new NotFound(facts(404)) });
    },
  },
};

/** Runs a case on one of the servers; what it returns does not depend on the times of the server's clock. */
async function run({ followOn }: Pick<typeof temporal, 'followOn'>, name: string) {
  const { script, options, prepare, drive } = CASES[name] as Case;
  const upstream = new FakeUpstream(script);
  prepare?.(upstream);
  const clientUserId = `POL-${name.replaceAll(' ', '-')}`;
  const applicant = await followOn(upstream, { clientUserId, ...options });
  await drive?.(applicant);
  const { status, result, afterMs } = await applicant.waitForEnd(HOUR_MS);
  const { searchAttributes } = await applicant.handle.describe();
  const { ApplicantStage, ApplicantOutcome, HumanId } = searchAttributes;
  const { documents, missing, outcome, reason, round, revision } = applicant.manifest;
  const manifest = { outcome, reason, round, revision, missing, documents: documents.map(({ file }) => file).sort() };
  const routes = countEach(applicant.routes());
  return { end: { status, result, routes, manifest, ApplicantStage, ApplicantOutcome, HumanId }, afterMs };
}

function countEach(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

test.each(Object.keys(CASES))(
  '%s: the simulated server and Temporal bring the applicant to the same end',
  async (name) => {
    const real = await run(temporal, name);
    const simulated = await run(simulation, name);
    expect(simulated.end).toEqual(real.end);
    // Temporal's clock continues while an attempt runs.
    expect(Math.abs(simulated.afterMs - real.afterMs)).toBeLessThan(MINUTE_MS);
  },
);
