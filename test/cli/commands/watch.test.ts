import { watchApplicant } from '../../../src/cli/commands/watch';
import { NotFound, Unavailable } from '../../../src/use-cases/errors';
import type { TaggedApplicant } from '../../../src/use-cases/views';
import { CLOSED, createFakeFixture, tagged } from './fake-use-cases';

const OUTAGE = new Unavailable('temporal', 'nothing');

/** Follows an applicant that answers with these, in order. */
async function watch(answers: readonly (TaggedApplicant | Error)[], json = true) {
  let reads = 0;
  const show = async () => {
    const answer = answers[Math.min(reads, answers.length - 1)];
    reads += 1;
    if (answer === undefined || answer instanceof Error) throw answer;
    return answer;
  };
  const fixture = await createFakeFixture({ show }, { json });
  return { ...fixture, run: () => watchApplicant(fixture.context, 'POL-1', 1) };
}

test('prints one line per change, and ends when the applicant has closed', async () => {
  const open = tagged();
  const polled = tagged({ nextCheckAt: '2026-12-01T09:00:00.000Z', asOf: '2026-12-01T08:30:00.000Z' });
  const { run, printed } = await watch([open, polled, tagged({ stage: 'engaged' }), tagged(CLOSED)]);
  expect(await run()).toBe(0);
  expect(printed().map(({ stage }) => stage)).toEqual(['invited', 'engaged', 'closed']);
  expect(printed()[2]).toEqual({ ...tagged(CLOSED).applicant, etag: 'etag-closed-1' });
});

test('as text, prints one line per change; a missing worker is one change', async () => {
  const snoozedUntil = '2026-12-05T08:00:00.000Z';
  const noWorker = tagged({ snoozedUntil, degraded: ['no-worker'] });
  const failure = { class: 'invalid', fields: [], upstreamRequestId: null } as const;
  const failed = tagged({ ...CLOSED, outcome: 'failed', reason: 'validation', failure, deadline: null, round: 2 });
  const { run, out } = await watch([tagged(), tagged({ snoozedUntil }), noWorker, noWorker, failed], false);
  expect(await run()).toBe(1);
  const waits = 'waits for the person to open the invitation; deadline 2026-12-31T08:00:00Z';
  const snoozed = `invited; Invited; 0 documents, 0 missing; snoozed until 2026-12-05T08:00:00Z; ${waits}`;
  expect(out.map((line) => line.split('  ')[2])).toEqual([
    `invited; Invited; 0 documents, 0 missing; ${waits}`,
    snoozed,
    `${snoozed}; incomplete: no-worker`,
    expect.stringMatching(/^closed: failed \(validation\); round 2; .*; failure invalid$/),
  ]);
});

test.each([['failed'], [null]] as const)('ends with status 1 after the outcome %s', async (outcome) => {
  const { run } = await watch([tagged({ ...CLOSED, outcome })]);
  expect(await run()).toBe(1);
});

test('an outage after the first answer does not end the command, and a manifest does not replace an answer of Temporal', async () => {
  const earlier = tagged({ ...CLOSED, degraded: ['temporal-unavailable'] });
  const { run, printed, messages } = await watch([tagged(), OUTAGE, earlier, OUTAGE, tagged({ ...CLOSED, round: 2 })]);
  expect(await run()).toBe(0);
  expect(printed().map(({ stage, round }) => [stage, round])).toEqual([
    ['invited', 1],
    ['closed', 2],
  ]);
  expect(messages()).toBe('Temporal or the report store does not answer; still watching\nTemporal answers again\n');
});

test('an old manifest as the first answer does not end the command', async () => {
  const earlier = tagged({ ...CLOSED, degraded: ['temporal-unavailable'] });
  const { run, printed } = await watch([earlier, earlier, tagged({ ...CLOSED, outcome: 'failed', round: 2 })]);
  expect(await run()).toBe(1);
  expect(printed().map(({ round }) => round)).toEqual([2]);
});

test('fails without a first answer, and after the applicant is erased', async () => {
  const { run } = await watch([OUTAGE]);
  await expect(run()).rejects.toBe(OUTAGE);
  const erased = await watch([tagged(), new NotFound('erased')]);
  await expect(erased.run()).rejects.toThrow(NotFound);
});

test('Ctrl-C ends the command with status 130', async () => {
  const stopping = new AbortController();
  const show = async () => {
    stopping.abort();
    return tagged();
  };
  const { run, messages } = await createFakeFixture({ show }, { signal: stopping.signal });
  expect(await run('watch', 'POL-1')).toBe(130);
  expect(messages()).toContain('stopped');
});
