import type { UseCases } from '../../../src/use-cases/use-cases';
import type { ApplicantView, TaggedApplicant } from '../../../src/use-cases/views';
import { createFixture } from './fixture';

const AT = '2026-12-01T08:00:00.000Z';

/** An invited applicant. */
export function applicantView(changes: Partial<ApplicantView> = {}): ApplicantView {
  const allowed = { allowed: true, why: null };
  return {
    clientUserId: 'POL-1',
    humanId: 'h-1',
    round: 1,
    runId: 'run-1',
    open: true,
    stage: 'invited',
    stageSince: AT,
    status: 'Invited',
    outcome: null,
    reason: null,
    openedAt: AT,
    closedAt: null,
    waitingFor: { code: 'invitation', text: 'the person to open the invitation' },
    waitingUntil: null,
    deadline: { at: '2026-12-31T08:00:00.000Z', kind: 'invitation' },
    nextCheckAt: null,
    nextStep: null,
    needs: [],
    snoozedUntil: null,
    failure: null,
    hold: null,
    rounds: null,
    pendingCalls: [],
    documents: { stored: 0, superseded: 0, missing: { notOffered: 0, notListed: 0, missing: 0, failed: 0 } },
    actions: { cancel: allowed, checkNow: allowed, finishNow: allowed, deadline: allowed, retry: allowed },
    authorizationReference: null,
    asOf: AT,
    source: 'temporal',
    degraded: [],
    ...changes,
  };
}

export const CLOSED = { open: false, stage: 'closed', outcome: 'collected', closedAt: AT } as const;

/** The view with an etag that changes with it. */
export function tagged(changes: Partial<ApplicantView> = {}): TaggedApplicant {
  const applicant = applicantView(changes);
  return { applicant, etag: `etag-${applicant.stage}-${applicant.round}` };
}

type Call = readonly [name: string, ...args: unknown[]];

/** A fixture that has these use cases only. `calls`: their names with the arguments. */
export async function createFakeFixture(
  useCases: Partial<UseCases>,
  overrides: Parameters<typeof createFixture>[0] = {},
) {
  const calls: Call[] = [];
  const recorded = Object.entries(useCases).map(([name, useCase]) => [
    name,
    (...args: unknown[]) => {
      calls.push([name, ...args]);
      return (useCase as (...args: unknown[]) => unknown)(...args);
    },
  ]);
  const fake = Object.fromEntries(recorded) as UseCases;
  const fixture = await createFixture({ useCases: async () => fake, ...overrides });
  return { ...fixture, calls };
}
