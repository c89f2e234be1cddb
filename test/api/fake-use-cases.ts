import { applicantExample } from '../../src/api/schemas/applicant-example';
import { ROW_RESULTS } from '../../src/report-store/batch-files';
import type { UseCases } from '../../src/use-cases/use-cases';
import type {
  ApplicantChange,
  ApplicantView,
  BatchResultRow,
  BatchView,
  DeliveryView,
  EndpointView,
  EventView,
  StreamComment,
  StreamEvent,
} from '../../src/use-cases/views';

export const ETAG = '0a1b2c3d4e5f60718293a4b5c6d7e8f9';
export const APPLICANT: ApplicantView = { ...applicantExample, clientUserId: 'POL-1' };
const AS_OF = APPLICANT.asOf;
const TAGGED = { applicant: APPLICANT, etag: ETAG };
const STEERED = { ...TAGGED, done: 'accepted' as const };

const DELIVERY: DeliveryView = { endpoint: 'a1b2c3d4e5f6', state: 'delivered', attempts: [], nextAttemptAt: null };
const EVENT: EventView = {
  id: 'evt_aUE9MLTE_1_0123abcd',
  type: 'applicant.started',
  timestamp: AS_OF,
  sequence: 1,
  data: { clientUserId: 'POL-1', round: 1, sequence: 1, batchId: null },
  deliveries: [DELIVERY],
};
const ENDPOINT: EndpointView = {
  name: DELIVERY.endpoint,
  url: 'https://carrier.example/events',
  state: 'active',
  since: null,
  oldestPending: null,
  lastSuccess: AS_OF,
};

const BATCH: BatchView = {
  batchId: '0'.repeat(32),
  state: 'running',
  rows: 1,
  valid: 1,
  invalid: 0,
  counts: Object.fromEntries(
    ROW_RESULTS.map((result) => [result, result === 'pending' ? 1 : 0]),
  ) as BatchView['counts'],
  firstErrors: [],
  rate: null,
  etaAt: null,
  startedBy: 'intake-1',
  createdAt: AS_OF,
  endedAt: null,
};

function rowsOf(): AsyncIterable<BatchResultRow> {
  const row = {
    line: 2,
    clientUserId: 'POL-1',
    result: 'started',
    stage: 'invited',
    outcome: null,
    reason: null,
  } as const;
  return {
    async *[Symbol.asyncIterator]() {
      yield { ...row, errors: [] };
    },
  };
}

/** A change and a comment; then the stream ends. */
function changesOf(): AsyncIterable<StreamEvent | StreamComment> {
  const data: ApplicantChange = {
    ...{ clientUserId: 'POL-1', round: 1, stage: 'invited', stageSince: AS_OF, outcome: null, needs: [], open: true },
    closedAt: null,
  };
  return {
    async *[Symbol.asyncIterator]() {
      yield { id: '0123abcd-1', event: 'applicant' as const, data };
      yield { id: '0123abcd-1', event: null };
    },
  };
}

type Name = keyof UseCases;

/** A call of a use case with its arguments. */
export interface UseCaseCall {
  readonly name: Name;
  readonly args: readonly unknown[];
}

/** Use cases that answer by a table. `answers` replaces an answer; an Error is thrown. */
export function fakeUseCases() {
  const calls: UseCaseCall[] = [];
  const answers = new Map<Name, unknown>();
  /** Forgets calls and replaced answers. */
  const reset = () => {
    calls.length = 0;
    for (const [name, result] of Object.entries(ANSWERS)) answers.set(name as Name, result);
  };
  reset();
  const answer =
    (name: Name) =>
    async (...args: readonly unknown[]) => {
      calls.push({ name, args });
      const result = answers.get(name);
      if (result instanceof Error) throw result;
      return result;
    };
  const names = Object.keys(ANSWERS) as Name[];
  const stream: UseCases['stream'] = (...args) => {
    calls.push({ name: 'stream', args });
    return answers.get('stream') as ReturnType<UseCases['stream']>;
  };
  const all = Object.fromEntries(names.map((name) => [name, answer(name)]));
  const useCases = { ...all, stream } as unknown as UseCases;
  return { useCases, calls, answers, reset };
}

const ANSWERS: { readonly [K in Name]: Awaited<ReturnType<UseCases[K]>> } = {
  start: { ...TAGGED, result: 'started' },
  list: {
    items: [{ ...APPLICANT, pendingCalls: null, actions: null }],
    nextCursor: null,
    asOf: AS_OF,
    coverage: { since: null },
  },
  show: TAGGED,
  timeline: {
    items: [{ at: AS_OF, kind: 'started', source: 'start', text: 'The applicant was started.', data: { round: 1 } }],
    omitted: 0,
    degraded: [],
  },
  details: {
    clientUserId: 'POL-1',
    clientUserEmail: 'ada@example.org',
    firstName: 'Ada',
    lastName: null,
    dateOfBirth: null,
    suggestedSources: [],
  },
  invitation: { inviteLink: 'https://hapi.example.org/invite/1' },
  cancel: STEERED,
  checkNow: STEERED,
  finishNow: STEERED,
  setDeadline: STEERED,
  snooze: STEERED,
  retry: STEERED,
  withdraw: STEERED,
  documents: { items: [], missing: [], asOf: AS_OF },
  openDocument: {
    document: {
      documentId: '0'.repeat(32),
      type: 'unity',
      format: 'json',
      organization: null,
      reportId: 'r1',
      updatedAt: null,
      seenAt: null,
      sha256: '0'.repeat(64),
      bytes: 2,
      contentType: 'application/json',
      storedAt: AS_OF,
      superseded: false,
    },
    fileName: 'POL-1-unity.json',
    read: async function* () {
      yield Buffer.from('{}');
    },
  },
  openZip: (async function* () {
    yield Buffer.from('PK');
  })(),
  checkBatch: { batchId: null, state: null, rows: 1, valid: 1, invalid: 0, firstErrors: [] },
  startBatch: { batch: BATCH, isNew: true },
  batches: { items: [BATCH], nextCursor: null, asOf: AS_OF },
  batch: BATCH,
  steerBatch: { batch: BATCH, done: 'accepted' },
  batchResults: rowsOf(),
  stream: changesOf(),
  events: { items: [EVENT], asOf: AS_OF },
  deliveries: {
    items: [
      {
        ...DELIVERY,
        eventId: EVENT.id,
        type: EVENT.type,
        timestamp: AS_OF,
        clientUserId: 'POL-1',
        batchId: null,
        sequence: 1,
      },
    ],
    nextCursor: null,
    asOf: AS_OF,
  },
  resend: EVENT,
  endpoints: { items: [ENDPOINT], asOf: AS_OF, degraded: [] },
  pauseEndpoint: { ...ENDPOINT, state: 'paused' },
  resumeEndpoint: ENDPOINT,
  testEndpoint: { delivered: true, status: 204, failure: null, durationMs: 1 },
  recoverEndpoint: ENDPOINT,
  summary: {
    stages: { inviting: 0, invited: 1, engaged: 0, attention: 0, syncing: 0, collecting: 0, closed: 0 },
    outcomes: { collected: 0, partial: 0, declined: 0, failed: 0, expired: 0, cancelled: 0 },
    days: [{ date: '2026-01-30', opened: 1, closed: 0 }],
    ages: [{ atMostDays: 1, count: 1 }],
    coverage: { since: null },
    asOf: AS_OF,
  },
  attention: {
    items: [{ clientUserId: 'POL-1', need: 'quiet', since: AS_OF, text: 'silent', action: null }],
    asOf: AS_OF,
    degraded: [],
  },
  system: {
    version: '0.3.0',
    checks: [{ check: 'temporal', ok: true, text: 'Temporal answers.', action: null }],
    workers: [{ queue: 'chartway', pollers: 1, backlog: null }],
    asOf: AS_OF,
  },
  audit: {
    items: [
      {
        at: AS_OF,
        who: 'intake-1',
        did: 'start',
        clientUserId: 'POL-1',
        documentId: null,
        authorizationReference: null,
        onBehalfOf: null,
        detail: null,
        source: 'audit',
      },
    ],
    nextCursor: null,
    asOf: AS_OF,
  },
};
