import type { ApplicantView } from '../../use-cases/views';

const ALLOWED = { allowed: true, why: null };

/** The details of its start. */
export const detailsExample = {
  clientUserId: 'POL-40001',
  clientUserEmail: 'ada@example.org',
  firstName: 'Ada',
  lastName: 'Lovelace',
  dateOfBirth: '1968-02-13',
};

/** An applicant in the OpenAPI file: invited, and silent for a week. */
export const applicantExample: ApplicantView = {
  clientUserId: detailsExample.clientUserId,
  humanId: '4f2c9d1e6b0a4c7d8e9f0a1b2c3d4e5f',
  round: 1,
  runId: '0198f3c2-7d1a-7c55-9b1e-3f6d2a4b8c10',
  open: true,
  stage: 'invited',
  stageSince: '2026-01-30T21:20:54.316Z',
  status: 'Pending',
  outcome: null,
  reason: null,
  openedAt: '2026-01-30T21:20:51.004Z',
  closedAt: null,
  waitingFor: { code: 'invitation-opened', text: 'the person to open the invitation' },
  waitingUntil: '2026-03-01T21:20:54.316Z',
  deadline: { at: '2026-03-01T21:20:54.316Z', kind: 'invitation' },
  nextCheckAt: '2026-02-07T03:20:54.316Z',
  nextStep: { code: 'remind-person', text: 'Remind the person: nothing has happened for a while.' },
  needs: ['quiet'],
  snoozedUntil: null,
  failure: null,
  hold: null,
  rounds: [{ round: 1, outcome: null, reason: null, openedAt: '2026-01-30T21:20:51.004Z', closedAt: null }],
  pendingCalls: [],
  documents: { stored: 0, superseded: 0, missing: { notOffered: 0, notListed: 0, missing: 0, failed: 0 } },
  actions: {
    cancel: ALLOWED,
    checkNow: ALLOWED,
    finishNow: ALLOWED,
    deadline: ALLOWED,
    retry: { allowed: false, why: 'no-call-waits' },
  },
  authorizationReference: 'AUTH-7731',
  asOf: '2026-02-06T21:20:54.316Z',
  source: 'temporal',
  degraded: [],
};
