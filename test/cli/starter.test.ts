import type { StarterArguments } from '../../src/cli/arguments';
import type { StarterDeps } from '../../src/cli/starter';
import { DEFAULT_POLICY } from '../../src/domain/policy';
import { type AuditEntry, AuditUnavailable } from '../../src/observability/audit';
import type { ApplicantSummary, Applicants, StartRequest, StartResult } from '../../src/temporal/applicants';
import { TemporalUnreachable } from '../../src/temporal/connection';
import { startingApplicants, summaryOf } from '../support/fake-applicants';
import { parseLines, startRun } from './starter-run';

const HEADER = 'clientUserId,clientUserEmail,firstName,lastName,dateOfBirth,suggestedSources';
const ONE = { clientUserId: 'POL-1', clientUserEmail: 'max@example.org' };
const rowsOf = (count: number) => Array.from({ length: count }, (_, index) => `POL-${index},max@example.org,,,,`);

/** Each reading of the file returns the next version. */
function openVersions(...versions: readonly (readonly string[])[]): StarterDeps['openFile'] {
  const remaining = [...versions];
  return async () => ({
    read: async function* () {
      yield ((remaining.length > 1 ? remaining.shift() : remaining[0]) ?? []).join('\n');
    },
    share: null,
    close: async () => {},
  });
}

/** Null: the applicant was deleted. */
type FakeWait = (
  clientUserId: string,
  onSummary: (summary: ApplicantSummary) => void,
  signal: AbortSignal,
) => Promise<Partial<ApplicantSummary> | null>;

/** Runs the starter with a fake Temporal. */
function setup(options: {
  args?: Partial<StarterArguments>;
  rows?: readonly string[];
  start?: (request: StartRequest) => Partial<StartResult> | Promise<Partial<StartResult>>;
  waitForClose?: FakeWait;
  record?: (entry: AuditEntry) => Promise<void>;
  deps?: Partial<StarterDeps>;
}) {
  const requests: StartRequest[] = [];
  /** Audit entries and calls of Temporal, in order. */
  const order: string[] = [];
  const applicants: Applicants = {
    ...startingApplicants((request) => {
      requests.push(request);
      order.push(`call ${request.details.clientUserId}`);
      return options.start?.(request);
    }),
    async waitForClose(clientUserId, signal = new AbortController().signal, onSummary = () => {}) {
      const closed = (await options.waitForClose?.(clientUserId, onSummary, signal)) ?? null;
      return closed && { ...summaryOf(clientUserId, { standing: 'ended', stage: 'closed' }), ...closed };
    },
  };
  const record = async (entry: AuditEntry) => {
    await options.record?.(entry);
    order.push(`${entry.did} ${entry.clientUserId}`);
  };
  const source = options.rows ? { file: 'a.csv' } : { single: ONE };
  const openFile = openVersions([HEADER, ...(options.rows ?? [])]);
  const args = { json: false, source, ...options.args };
  const run = startRun({ args, applicants, record, deps: { openFile, ...options.deps } });
  return { ...run, requests, order };
}

test('starts one applicant: status 0, one JSON line, one message', async () => {
  const { status, requests, printed, written } = setup({ args: { json: true } });
  expect(await status).toBe(0);
  expect(printed).toEqual([
    '{"clientUserId":"POL-1","humanId":null,"workflowId":"applicant-POL-1","result":"started","stage":"inviting","outcome":null,"reason":null}',
  ]);
  expect(written).toEqual(['POL-1: started as applicant-POL-1']);
  expect(requests).toMatchObject([{ details: ONE, policy: DEFAULT_POLICY, again: false, batch: false }]);
});

test('prints nothing on stdout without --json', async () => {
  const { status, printed } = setup({});
  await status;
  expect(printed).toEqual([]);
});

describe('the audit log', () => {
  test('has a line with the reference for each applicant of a file, before Temporal is called', async () => {
    const { status, order, audited } = setup({ rows: rowsOf(50), args: { authorizationReference: 'BATCH/7' } });
    expect(await status).toBe(0);
    const entry = { who: 'cli:tester', did: 'start', authorizationReference: 'BATCH/7', detail: undefined };
    expect(audited).toEqual(rowsOf(50).map((_, index) => ({ ...entry, clientUserId: `POL-${index}` })));
    for (let index = 0; index < 50; index += 1)
      expect(order.indexOf(`start POL-${index}`)).toBeLessThan(order.indexOf(`call POL-${index}`));
  });

  test.each(['running', 'closed', 'conflict'] as const)(
    'has a second line for an applicant that is %s, because this start did not invite',
    async (result) => {
      const args = { authorizationReference: 'AUTH-8', again: true };
      const { status, audited } = setup({ args, start: () => ({ result }) });
      await status;
      const entry = { who: 'cli:tester', clientUserId: 'POL-1', authorizationReference: 'AUTH-8' };
      expect(audited).toEqual([
        { ...entry, did: 'start', detail: 'again' },
        { ...entry, did: 'not-started', detail: result },
      ]);
    },
  );

  test('that fails stops the command: no further applicant starts, status 3', async () => {
    const full = new AuditUnavailable(Object.assign(new Error('no space'), { code: 'ENOSPC' }));
    let room = 3;
    const record = () => (room-- > 0 ? Promise.resolve() : Promise.reject(full));
    const { status, requests, written, printed } = setup({ rows: rowsOf(100), args: { json: true }, record });
    expect(await status).toBe(3);
    expect([requests.length, printed.length]).toEqual([3, 3]);
    expect(written.at(-1)).toMatch(
      /^the audit log cannot be written, .*AUDIT_LOG and its disk \(ENOSPC\); run the same/,
    );
  });

  test('that cannot be opened keeps the command from connecting to Temporal', async () => {
    const audit = () => Promise.reject(new AuditUnavailable(null));
    const { status, calls, written } = setup({ deps: { audit } });
    expect([await status, calls.connect]).toEqual([3, 0]);
    expect(written).toEqual([expect.stringMatching('the audit log cannot be written')]);
  });
});

test('uses --reports and --again for this start only', async () => {
  const wanted = { unity: ['json'] } as const;
  const { status, requests } = setup({ args: { wanted, again: true } });
  await status;
  expect(requests).toMatchObject([{ policy: { ...DEFAULT_POLICY, wanted }, again: true }]);
});

test('sends --no-auto-invite in the request, without a change of the digest', async () => {
  const [plain, own] = await Promise.all(
    [true, false].map(async (autoInvite) => {
      const { status, requests } = setup({ args: { autoInvite } });
      await status;
      return requests[0];
    }),
  );
  expect([plain?.autoInvite, own?.autoInvite]).toEqual([undefined, false]);
  expect(own?.detailsDigest).toBe(plain?.detailsDigest);
});

const CLOSED = { result: 'closed', standing: 'ended' } as const;
test.each<[Partial<StartResult>, wait: boolean, exit: number, text: string]>([
  [{ result: 'running', stage: 'engaged' }, false, 0, 'was started before and is running, stage engaged'],
  [{ ...CLOSED, outcome: 'failed', reason: 'conflict' }, false, 0, 'has closed: failed (conflict)'],
  [{ ...CLOSED, outcome: 'failed' }, true, 1, 'has closed: failed'],
  [{ ...CLOSED, outcome: 'expired' }, true, 0, 'has closed: expired'],
  [CLOSED, true, 1, 'has closed without an outcome'],
  [{ result: 'conflict' }, false, 1, 'conflict: an applicant with this clientUserId was started with other details'],
  [{ result: 'conflict', standing: 'ended' }, true, 1, 'start a new round with --again'],
])('reports %j (waiting: %j) with status %i', async (started, wait, exit, text) => {
  const { status, written } = setup({ args: { wait }, start: () => started });
  expect(await status).toBe(exit);
  expect(written.join('\n')).toContain(text);
});

describe('--wait', () => {
  test.each([
    ['collected', 0],
    ['cancelled', 0],
    ['failed', 1],
    [null, 1],
  ] as const)('prints a second line for the outcome %s, with status %i', async (outcome, exit) => {
    const { status, printed } = setup({ args: { wait: true, json: true }, waitForClose: async () => ({ outcome }) });
    expect(await status).toBe(exit);
    expect(parseLines(printed)).toMatchObject([
      { result: 'started', stage: 'inviting', outcome: null },
      { result: 'closed', stage: 'closed', outcome, clientUserId: 'POL-1' },
    ]);
  });

  test('prints the humanId once, as soon as it is known', async () => {
    const before: (readonly string[])[] = [];
    const starter = setup({
      args: { wait: true, json: true },
      waitForClose: async (clientUserId, onSummary) => {
        for (const humanId of [null, 'h-1', 'h-1']) onSummary(summaryOf(clientUserId, { humanId }));
        before.push([...starter.written]);
        return { humanId: 'h-1', outcome: 'collected' };
      },
    });
    await starter.status;
    expect(before).toEqual([expect.arrayContaining(['POL-1: humanId h-1'])]);
    expect(starter.written.filter((text) => text.includes('h-1'))).toHaveLength(1);
    expect(parseLines(starter.printed)).toMatchObject([{ humanId: null }, { result: 'closed', humanId: 'h-1' }]);
  });

  test('waits once for an applicant with two equal rows', async () => {
    const waits: string[] = [];
    const row = 'POL-1,max@example.org,,,,';
    const { status, printed } = setup({
      rows: [row, row],
      args: { json: true, wait: true },
      waitForClose: async (clientUserId) => {
        waits.push(clientUserId);
        return { outcome: 'collected' };
      },
    });
    expect(await status).toBe(0);
    expect([waits, printed.length]).toEqual([['POL-1'], 3]);
  });
});

const UNAVAILABLE = Object.assign(new Error('away'), { code: 14, details: 'away', metadata: {} });

/** Runs the starter to its end with fake time, in which `performance.now` returns `nowMs()`. */
async function runInFakeTime<T>(status: () => Promise<T>, nowMs = () => 0): Promise<T> {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick'] });
  jest.spyOn(performance, 'now').mockImplementation(nowMs);
  try {
    let isDone = false;
    const done = status().finally(() => {
      isDone = true;
    });
    while (!isDone) {
      await jest.advanceTimersByTimeAsync(500);
      await new Promise((resolve) => setImmediate(resolve));
    }
    return await done;
  } finally {
    jest.useRealTimers();
    jest.restoreAllMocks();
  }
}

describe('--wait for an hour or more', () => {
  const HOUR_MS = 3_600_000;
  const setupOutages = (answers: readonly boolean[]) => {
    let nowMs = 0;
    let calls = 0;
    const starter = () =>
      setup({
        args: { wait: true },
        async waitForClose(clientUserId, onSummary) {
          const isAnswered = answers[calls++];
          if (isAnswered === undefined) return { outcome: 'collected' };
          nowMs += HOUR_MS;
          if (isAnswered) onSummary(summaryOf(clientUserId));
          throw UNAVAILABLE;
        },
      }).status;
    return runInFakeTime(starter, () => nowMs);
  };

  test('continues after each outage that is short', async () => {
    expect(await setupOutages([true, true])).toBe(0);
  });

  test('ends with status 1 after an outage of more than five minutes', async () => {
    expect(await setupOutages([true, false])).toBe(1);
  });
});

describe('of 100 waits', () => {
  const rows = rowsOf(100);
  const untilAborted = (signal: AbortSignal) =>
    new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

  test('one that fails ends the others, and its error is thrown', async () => {
    const { status } = setup({
      rows,
      args: { wait: true },
      waitForClose: (id, _, signal) =>
        id === 'POL-50' ? Promise.reject(new TypeError('a bug')) : untilAborted(signal),
    });
    await expect(status).rejects.toThrow('a bug');
  });

  test('one whose applicant is erased counts as closed without an outcome: status 1 when the others have closed', async () => {
    const waitForClose: FakeWait = async (id) => (id === 'POL-50' ? null : { outcome: 'collected' });
    const { status, written, printed } = setup({ rows, args: { wait: true, json: true }, waitForClose });
    expect(await status).toBe(1);
    expect(written).toContain('a.csv, line 52: POL-50: closed without an outcome');
    const closed = parseLines<StartResult>(printed).filter(({ result }) => result === 'closed');
    expect(closed).toHaveLength(100);
    expect(closed).toContainEqual(expect.objectContaining({ clientUserId: 'POL-50', stage: null, outcome: null }));
  });
});

test.each(['running', 'closed'] as const)('prints the humanId of an applicant that is %s', async (result) => {
  const { status, printed, written } = setup({ args: { json: true }, start: () => ({ result, humanId: 'h-1' }) });
  await status;
  expect(parseLines(printed)).toMatchObject([{ result, humanId: 'h-1' }]);
  expect(written.at(-1)).toBe('POL-1: humanId h-1');
});

test('invalid details of a single applicant are wrong usage: status 2, without their values and without a call', async () => {
  const single = { clientUserId: 'POL-1', clientUserEmail: 'Max Muster' };
  const { status, printed, written, calls } = setup({ args: { json: true, source: { single } } });
  expect([await status, calls.connect]).toEqual([2, 0]);
  const expected = 'one e-mail address of at most 254 characters';
  expect(parseLines(printed)).toEqual([
    {
      clientUserId: 'POL-1',
      humanId: null,
      workflowId: null,
      result: 'invalid',
      stage: null,
      outcome: null,
      reason: null,
      errors: [{ field: 'clientUserEmail', expected }],
    },
  ]);
  expect(written).toEqual([`clientUserEmail: expected ${expected} (POL-1)`]);
});

test('starts the valid rows of a file as a batch and reports each invalid one with file and line: status 1', async () => {
  const rows = ['POL-1,max@example.org,,,,', 'bad id,max@example.org,,,,', 'POL-3,none,,,,', 'POL-4,a@b.c,,,,'];
  const { status, requests, printed, written, calls } = setup({ rows, args: { json: true } });
  expect([await status, calls.connect]).toEqual([1, 1]);
  expect(requests.map(({ details, batch }) => [details.clientUserId, batch])).toEqual([
    ['POL-1', true],
    ['POL-4', true],
  ]);
  const lines = parseLines<{ line: number }>(printed);
  expect(lines.sort((a, b) => a.line - b.line)).toMatchObject([
    { clientUserId: 'POL-1', result: 'started', file: 'a.csv', line: 2 },
    { clientUserId: null, result: 'invalid', file: 'a.csv', line: 3, errors: [{ field: 'clientUserId' }] },
    { clientUserId: 'POL-3', result: 'invalid', file: 'a.csv', line: 4, errors: [{ field: 'clientUserEmail' }] },
    { clientUserId: 'POL-4', result: 'started', file: 'a.csv', line: 5 },
  ]);
  expect(written).toEqual([
    expect.stringMatching(/^a\.csv, line 3, clientUserId: expected 1 to 100 letters/),
    'a.csv, line 4, clientUserEmail: expected one e-mail address of at most 254 characters (POL-3)',
    '4 rows: 2 started, 2 invalid',
  ]);
});

test('a dry run checks everything, starts no applicant, and needs neither Temporal nor an audit log', async () => {
  const bad = setup({ rows: ['POL-1,max@example.org,,,,', 'POL-2,none,,,,'], args: { dryRun: true } });
  expect(await bad.status).toBe(1);
  expect(bad.written.at(-1)).toBe('2 rows: 1 invalid, 1 valid');
  const good = setup({ args: { dryRun: true, json: true } });
  expect(await good.status).toBe(0);
  expect(good.written).toEqual(['POL-1: valid; not started (dry run)']);
  expect([bad.calls, good.calls]).toEqual([
    { connect: 0, audit: 0 },
    { connect: 0, audit: 0 },
  ]);
  expect(good.printed).toEqual([]);
});

test.each([
  [
    'that changes while it is read',
    [
      [HEADER, 'POL-1,max@example.org,,,,'],
      [HEADER, 'POL-1,eve@example.org,,,,'],
    ],
    'was changed while it was read',
  ],
  ['without a header', [['POL-1,max@example.org']], 'expected a header'],
])('a file %s starts no applicant: status 2', async (_name, versions, text) => {
  const { status, written, requests } = setup({ rows: [], deps: { openFile: openVersions(...versions) } });
  expect([await status, requests]).toEqual([2, []]);
  expect(written).toEqual([expect.stringContaining(text)]);
});

test('a short outage of Temporal loses no row', async () => {
  let failures = 3;
  const starter = () =>
    setup({
      rows: ['POL-1,max@example.org,,,,', 'POL-2,max@example.org,,,,'],
      start: () => {
        if (failures-- > 0) throw new Error('wrapped by the client', { cause: UNAVAILABLE });
        return {};
      },
    });
  const { exit, requests, audited } = await runInFakeTime(async () => {
    const { status, ...calls } = starter();
    return { exit: await status, ...calls };
  });
  expect([exit, requests.length, audited.length]).toEqual([0, 5, 2]);
});

test('throws an unexpected error', async () => {
  const { status } = setup({ start: () => Promise.reject(new TypeError('a bug')) });
  await expect(status).rejects.toThrow('a bug');
});

test('without Temporal: status 1, and what to do', async () => {
  const settings = { namespace: 'default', connection: { address: '127.0.0.1:7233' } };
  const connect = () => Promise.reject(new TemporalUnreachable(settings, 30_000, null));
  const { status, written } = setup({ deps: { connect } });
  expect(await status).toBe(1);
  expect(written).toEqual([expect.stringContaining('set TEMPORAL_ADDRESS')]);
});

test('an interruption lets running starts end and begins no other: status 130', async () => {
  const { status, written, requests, stopping } = setup({
    rows: rowsOf(100),
    start: () => {
      stopping.abort();
      return {};
    },
  });
  expect(await status).toBe(130);
  expect(requests.length).toBeLessThanOrEqual(20);
  expect(written.at(-1)).toContain('stopped; run the same command again to start the rest');
});
