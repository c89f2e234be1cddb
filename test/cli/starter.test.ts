import type { StarterArguments } from '../../src/cli/arguments';
import { runStarter, type StarterDeps } from '../../src/cli/starter';
import { DEFAULT_POLICY } from '../../src/domain/policy';
import { type AuditEntry, AuditUnavailable } from '../../src/observability/audit';
import type { ApplicantSummary, Applicants, StartRequest, StartResult } from '../../src/temporal/applicants';
import { TemporalUnreachable } from '../../src/temporal/connection';
import { PLAIN_ARGUMENTS, startingApplicants, summaryOf } from '../support/fake-applicants';

const HEADER = 'clientUserId,clientUserEmail,firstName,lastName,dateOfBirth,suggestedSources';
const ONE = { clientUserId: 'POL-1', clientUserEmail: 'max@example.org' };

/** A starter over a Temporal that answers as `start` and `untilClosed` say. */
function setup(options: {
  args?: Partial<StarterArguments>;
  file?: readonly string[];
  start?: (request: StartRequest) => Partial<StartResult> | Promise<Partial<StartResult>>;
  untilClosed?: (
    clientUserId: string,
    onSummary?: (news: ApplicantSummary) => void,
  ) => Promise<Partial<ApplicantSummary>>;
  record?: (entry: AuditEntry) => Promise<void>;
  deps?: Partial<StarterDeps>;
}) {
  const requests: StartRequest[] = [];
  const out: string[] = [];
  const said: string[] = [];
  /** What happened, in its order: lines of the audit log, and calls of Temporal. */
  const order: string[] = [];
  const audited: AuditEntry[] = [];
  const stopping = new AbortController();
  const applicants: Applicants = {
    ...startingApplicants((request) => {
      requests.push(request);
      order.push(`asked ${request.details.clientUserId}`);
      return options.start?.(request);
    }),
    waitForClose: async (clientUserId, _, onSummary) => ({
      ...summaryOf(clientUserId, { standing: 'ended', stage: 'closed' }),
      ...(await options.untilClosed?.(clientUserId, onSummary)),
    }),
  };
  const source = options.file ? { file: 'a.csv' } : { single: ONE };
  let connections = 0;
  let auditsOpened = 0;
  const status = runStarter(
    { ...PLAIN_ARGUMENTS, json: false, source, ...options.args },
    {
      connect: async () => {
        connections += 1;
        return applicants;
      },
      policy: DEFAULT_POLICY,
      audit: async () => {
        auditsOpened += 1;
        return {
          async record(entry) {
            await options.record?.(entry);
            audited.push(entry);
            order.push(`${entry.did} ${entry.clientUserId}`);
          },
        };
      },
      who: 'cli:tester',
      openFile: async () => ({
        read: async function* () {
          yield [HEADER, ...(options.file ?? [])].join('\n');
        },
        share: null,
        close: async () => {},
      }),
      out: (line) => void out.push(line),
      terminal: { say: (text) => void said.push(text), progress: () => {}, clear: () => {} },
      signal: stopping.signal,
      ...options.deps,
    },
  );
  const counts = { connections: () => connections, auditsOpened: () => auditsOpened };
  return { status, requests, out, said, stopping, order, audited, ...counts };
}

const jsonOf = (lines: readonly string[]): unknown[] => lines.map((line) => JSON.parse(line));

test('one applicant is started: status 0, one JSON line, text beside it', async () => {
  const { status, requests, out, said } = setup({ args: { json: true } });
  expect(await status).toBe(0);
  expect(out).toEqual([
    '{"clientUserId":"POL-1","humanId":null,"workflowId":"applicant-POL-1","result":"started","stage":"inviting","outcome":null,"reason":null}',
  ]);
  expect(said).toEqual(['POL-1: started as applicant-POL-1']);
  expect(requests).toMatchObject([{ details: ONE, policy: DEFAULT_POLICY, again: false, batch: false }]);
});

test('whoever is started stands in the audit log first: who, whom, and under which authorization', async () => {
  const { status, order, audited } = setup({ args: { authorizationReference: 'AUTH/7' } });
  await status;
  expect(order).toEqual(['start POL-1', 'asked POL-1']);
  expect(audited).toEqual([
    { who: 'cli:tester', did: 'start', clientUserId: 'POL-1', authorizationReference: 'AUTH/7', detail: undefined },
  ]);
});

test.each(['running', 'closed', 'conflict'] as const)(
  'an applicant who was there, %s, has a second line: this start invited nobody',
  async (result) => {
    const args = { authorizationReference: 'AUTH-8', again: true };
    const { status, audited } = setup({ args, start: () => ({ result }) });
    await status;
    const of = { who: 'cli:tester', clientUserId: 'POL-1', authorizationReference: 'AUTH-8' };
    expect(audited).toEqual([
      { ...of, did: 'start', detail: 'again' },
      { ...of, did: 'not-started', detail: result },
    ]);
  },
);

test('each of a file stands under the reference of the file, before anybody is asked about them', async () => {
  const file = Array.from({ length: 50 }, (_, index) => `POL-${index},max@example.org,,,,`);
  const { status, order, audited } = setup({ file, args: { authorizationReference: 'BATCH-2026-11' } });
  expect(await status).toBe(0);
  expect(audited).toHaveLength(50);
  expect(new Set(audited.map(({ authorizationReference }) => authorizationReference))).toEqual(
    new Set(['BATCH-2026-11']),
  );
  for (let index = 0; index < 50; index += 1) {
    expect(order.indexOf(`start POL-${index}`)).toBeLessThan(order.indexOf(`asked POL-${index}`));
  }
});

test('who cannot be recorded is not started, nor is anybody behind them: status 1, and what to do', async () => {
  const file = Array.from({ length: 100 }, (_, index) => `POL-${index},max@example.org,,,,`);
  const full = new AuditUnavailable(Object.assign(new Error('no space'), { code: 'ENOSPC' }));
  let room = 3;
  const record = () => (room-- > 0 ? Promise.resolve() : Promise.reject(full));
  const { status, requests, said, out } = setup({ file, args: { json: true }, record });
  expect(await status).toBe(1);
  expect(requests).toHaveLength(3);
  expect(out).toHaveLength(3);
  expect(said.at(-1)).toMatch(
    /^the audit log cannot be written, .*AUDIT_LOG and its disk \(ENOSPC\); the same command/,
  );
});

test('where the audit log cannot be opened, Temporal is not even asked', async () => {
  const audit = () => Promise.reject(new AuditUnavailable(null));
  const { status, connections, said } = setup({ deps: { audit } });
  expect(await status).toBe(1);
  expect(connections()).toBe(0);
  expect(said).toEqual([expect.stringMatching('the audit log cannot be written')]);
});

test('without --json nothing goes to stdout', async () => {
  const { status, out } = setup({});
  await status;
  expect(out).toEqual([]);
});

test('--reports and --again hold for this start only', async () => {
  const wanted = { unity: ['json'] } as const;
  const { status, requests } = setup({ args: { wanted, again: true } });
  await status;
  expect(requests).toMatchObject([{ policy: { ...DEFAULT_POLICY, wanted }, again: true }]);
});

test.each<[Partial<StartResult>, wait: boolean, exit: number, text: string]>([
  [{ result: 'running', stage: 'engaged' }, false, 0, 'was started before and is running, stage engaged'],
  [
    { result: 'closed', standing: 'ended', outcome: 'failed', reason: 'conflict' },
    false,
    0,
    'has closed: failed (conflict)',
  ],
  [{ result: 'closed', standing: 'ended', outcome: 'failed' }, true, 1, 'has closed: failed'],
  [{ result: 'closed', standing: 'ended', outcome: 'expired' }, true, 0, 'has closed: expired'],
  [{ result: 'closed', standing: 'ended' }, true, 1, 'has closed without an outcome'],
  [{ result: 'conflict' }, false, 1, 'conflict: an applicant of this clientUserId was started with other details'],
  [{ result: 'conflict', standing: 'ended' }, true, 1, 'begin a new round with --again'],
])('%j (waiting: %j) is told, with status %i', async (started, wait, exit, text) => {
  const { status, said } = setup({ args: { wait }, start: () => started });
  expect(await status).toBe(exit);
  expect(said.join('\n')).toMatch(text);
});

test.each([
  ['collected', 0],
  ['cancelled', 0],
  ['failed', 1],
  [null, 1],
] as const)('waiting until an applicant closes %s ends with status %i and a second line', async (outcome, exit) => {
  const { status, out } = setup({ args: { wait: true, json: true }, untilClosed: async () => ({ outcome }) });
  expect(await status).toBe(exit);
  expect(jsonOf(out)).toMatchObject([
    { result: 'started', stage: 'inviting', outcome: null },
    { result: 'closed', stage: 'closed', outcome, clientUserId: 'POL-1' },
  ]);
});

test('who waits reads the humanId as soon as it is known, once, and the closing line has it', async () => {
  const said: (readonly string[])[] = [];
  const starter = setup({
    args: { wait: true, json: true },
    untilClosed: async (clientUserId, onSummary) => {
      for (const humanId of [null, 'h-1', 'h-1']) onSummary?.(summaryOf(clientUserId, { humanId }));
      said.push([...starter.said]);
      return { humanId: 'h-1', outcome: 'collected' };
    },
  });
  await starter.status;
  expect(said).toEqual([expect.arrayContaining(['POL-1: humanId h-1'])]);
  expect(starter.said.filter((text) => text.includes('h-1'))).toHaveLength(1);
  expect(jsonOf(starter.out)).toMatchObject([
    { result: 'started', humanId: null },
    { result: 'closed', humanId: 'h-1' },
  ]);
});

test.each(['running', 'closed'] as const)('prints the humanId of an applicant that is %s at once', async (result) => {
  const { status, out, said } = setup({ args: { json: true }, start: () => ({ result, humanId: 'h-1' }) });
  await status;
  expect(jsonOf(out)).toMatchObject([{ result, humanId: 'h-1' }]);
  expect(said.at(-1)).toBe('POL-1: humanId h-1');
});

test('--no-auto-invite is part of the request, and not of the digest', async () => {
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

test('a file that changes while it is read starts no one by what was not checked: status 2', async () => {
  const versions = [['POL-1,max@example.org,,,,'], ['POL-1,eve@example.org,,,,']];
  const openFile = async () => ({
    read: async function* () {
      yield [HEADER, ...(versions.shift() ?? [])].join('\n');
    },
    share: null,
    close: async () => {},
  });
  const { status, said, requests } = setup({ file: [], deps: { openFile } });
  expect(await status).toBe(2);
  expect(requests).toEqual([]);
  expect(said).toEqual([expect.stringMatching('it has changed')]);
});

test('invalid details of a single start are wrong usage: status 2, told without the values, nobody asked', async () => {
  const single = { clientUserId: 'POL-1', clientUserEmail: 'Max Muster' };
  const { status, out, said, connections } = setup({ args: { json: true, source: { single } } });
  expect(await status).toBe(2);
  const errors = [{ field: 'clientUserEmail', expected: 'one e-mail address of at most 254 characters' }];
  expect(jsonOf(out)).toEqual([
    {
      ...{ clientUserId: 'POL-1', humanId: null, workflowId: null, result: 'invalid' },
      stage: null,
      outcome: null,
      reason: null,
      errors,
    },
  ]);
  expect(said).toEqual(['clientUserEmail: expected one e-mail address of at most 254 characters (POL-1)']);
  expect(connections()).toBe(0);
});

test('of a file the good rows start, as a batch, and each bad one is told by file and line: status 1', async () => {
  const file = ['POL-1,max@example.org,,,,', 'bad id,max@example.org,,,,', 'POL-3,nobody,,,,', 'POL-4,a@b.c,,,,'];
  const { status, requests, out, said, connections } = setup({ file, args: { json: true } });
  expect(await status).toBe(1);
  expect(requests.map(({ details, batch }) => [details.clientUserId, batch])).toEqual([
    ['POL-1', true],
    ['POL-4', true],
  ]);
  const lines = jsonOf(out) as { line: number }[];
  expect(lines.sort((a, b) => a.line - b.line)).toMatchObject([
    { clientUserId: 'POL-1', result: 'started', file: 'a.csv', line: 2 },
    { clientUserId: null, result: 'invalid', file: 'a.csv', line: 3, errors: [{ field: 'clientUserId' }] },
    { clientUserId: 'POL-3', result: 'invalid', file: 'a.csv', line: 4, errors: [{ field: 'clientUserEmail' }] },
    { clientUserId: 'POL-4', result: 'started', file: 'a.csv', line: 5 },
  ]);
  expect(said).toEqual([
    expect.stringMatching(/^a\.csv, line 3, clientUserId: expected 1 to 100 letters/),
    'a.csv, line 4, clientUserEmail: expected one e-mail address of at most 254 characters (POL-3)',
    '4 rows: 2 started, 2 invalid',
  ]);
  expect(connections()).toBe(1);
});

test('a dry run checks everything, starts nothing and needs no Temporal', async () => {
  const bad = setup({ file: ['POL-1,max@example.org,,,,', 'POL-2,nobody,,,,'], args: { dryRun: true } });
  expect(await bad.status).toBe(1);
  expect(bad.said.at(-1)).toBe('2 rows: 1 invalid, 1 right');
  const good = setup({ file: ['POL-1,max@example.org,,,,'], args: { dryRun: true } });
  expect(await good.status).toBe(0);
  expect([...bad.requests, ...good.requests, bad.connections(), good.connections()]).toEqual([0, 0]);
  expect([...bad.order, ...good.order, bad.auditsOpened(), good.auditsOpened()]).toEqual([0, 0]);
});

test('a dry run of one applicant that is right says so, and prints no JSON line', async () => {
  const { status, out, said, requests } = setup({ args: { dryRun: true, json: true } });
  expect(await status).toBe(0);
  expect(out).toEqual([]);
  expect(said).toEqual([expect.stringMatching('is right; not started')]);
  expect(requests).toEqual([]);
});

test('a row told twice is waited for once', async () => {
  const waitedFor: string[] = [];
  const { status, out } = setup({
    file: ['POL-1,max@example.org,,,,', 'POL-1,max@example.org,,,,'],
    args: { json: true, wait: true },
    untilClosed: async (clientUserId) => {
      waitedFor.push(clientUserId);
      return { outcome: 'collected' };
    },
  });
  expect(await status).toBe(0);
  expect(waitedFor).toEqual(['POL-1']);
  expect(out).toHaveLength(3);
});

test('a moment without Temporal costs no row', async () => {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'performance'] });
  try {
    let refusals = 3;
    const unavailable = Object.assign(new Error('away'), { code: 14, details: 'away', metadata: {} });
    const { status, requests, audited } = setup({
      file: ['POL-1,max@example.org,,,,', 'POL-2,max@example.org,,,,'],
      start: () => {
        if (refusals-- > 0) throw new Error('wrapped by the client', { cause: unavailable });
        return {};
      },
    });
    let ended: number | undefined;
    void status.then((value) => {
      ended = value;
    });
    while (ended === undefined) {
      await jest.advanceTimersByTimeAsync(500);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(ended).toBe(0);
    expect(requests).toHaveLength(5);
    expect(audited).toHaveLength(2);
  } finally {
    jest.useRealTimers();
  }
});

test('a failure that trying again cannot mend is not hidden', async () => {
  const { status } = setup({ start: () => Promise.reject(new TypeError('a fault of ours')) });
  await expect(status).rejects.toThrow('a fault of ours');
});

test('no Temporal at all: status 1 and what to do', async () => {
  const settings = { namespace: 'default', connection: { address: '127.0.0.1:7233' } };
  const connect = () => Promise.reject(new TemporalUnreachable(settings, 30_000, null));
  const { status, said } = setup({ deps: { connect } });
  expect(await status).toBe(1);
  expect(said).toEqual([expect.stringMatching('set TEMPORAL_ADDRESS')]);
});

test('a file without the header is wrong usage: status 2', async () => {
  const openFile = async () => ({
    read: async function* () {
      yield 'POL-1,max@example.org';
    },
    share: null,
    close: async () => {},
  });
  const { status, said } = setup({ file: [], deps: { openFile } });
  expect(await status).toBe(2);
  expect(said).toEqual([expect.stringMatching('expected a header')]);
});

test('an interruption lets what is under way end and starts nobody else: status 130', async () => {
  const file = Array.from({ length: 100 }, (_, index) => `POL-${index},max@example.org,,,,`);
  const { status, said, requests, stopping } = setup({
    file,
    start: () => {
      stopping.abort();
      return {};
    },
  });
  expect(await status).toBe(130);
  expect(requests.length).toBeLessThanOrEqual(20);
  expect(said.at(-1)).toMatch('stopped; the same command again starts the rest');
});
