import { setTimeout as pause } from 'node:timers/promises';
import { pollEvery } from '../chaos/sample-applicants';
import { SeededRandom } from '../chaos/seeded-random';
import { until } from '../support/condition';
import { API_KEY, useInstallation } from '../support/installation';
import type { RunningProcess } from '../support/processes';

/** Kills per run; `npm run test:chaos` sets 100. */
const KILLS = Number(process.env['API_KILLS'] ?? '5');
const SEED = Number(process.env['API_KILLS_SEED'] ?? '11');
jest.setTimeout(120_000 + KILLS * 20_000);
/** Starts in flight at each kill. */
const STARTS = 4;
/** An answer takes about this long, so a kill falls before, into and after it. */
const MAX_DELAY_MS = 60;
const IDENTICAL_STARTS = 50;

const installation = useInstallation({ speed: 1, notices: 'lost', policy: pollEvery('1h') });

let api: RunningProcess;
beforeAll(async () => {
  api = await installation().startApi();
});

/** Sends one start; null without an answer. */
async function start(clientUserId: string): Promise<{ status: number; result: string } | null> {
  const body = { clientUserId, clientUserEmail: 'eager@example.org', firstName: 'Robin', lastName: 'Sample' };
  try {
    const answer = await fetch(`${api.addresses[0]}/api/v1/applicants`, {
      method: 'POST',
      headers: { authorization: `Bearer ${API_KEY}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const { result } = (await answer.json()) as { result: string };
    return { status: answer.status, result };
  } catch {
    return null;
  }
}

async function expectOnePerson(clientUserId: string): Promise<void> {
  const countPeople = async () => (await installation().upstream.people(clientUserId)).length;
  await until(`the person of ${clientUserId}`, async () => (await countPeople()) > 0);
  expect(await countPeople()).toBe(1);
}

test('one of 50 identical starts at the same time starts the applicant, 49 find it, and one person is invited', async () => {
  const answers = await Promise.all(Array.from({ length: IDENTICAL_STARTS }, () => start('POL-same')));
  const statuses = answers.map((answer) => answer?.status);
  expect(statuses.filter((status) => status === 201)).toHaveLength(1);
  expect(statuses.filter((status) => status === 200)).toHaveLength(IDENTICAL_STARTS - 1);
  await expectOnePerson('POL-same');
});

test(`after ${KILLS} kills of the api between start and answer, each repeat has the right result and each applicant is one person (seed ${SEED})`, async () => {
  const random = new SeededRandom(SEED);
  const started: string[] = [];
  let lost = 0;
  for (let kill = 0; kill < KILLS; kill += 1) {
    const ids = Array.from({ length: STARTS }, (_, index) => `POL-${kill}-${index}`);
    const first = ids.map(start);
    await pause(random.below(MAX_DELAY_MS));
    await installation().kill(api);
    const answers = await Promise.all(first);
    api = await installation().startApi();
    const repeats = await Promise.all(ids.map(start));
    for (const [index, repeat] of repeats.entries()) {
      const before = answers[index];
      if (before) expect(repeat).toEqual({ status: 200, result: 'running' });
      else expect([200, 201]).toContain(repeat?.status);
    }
    lost += answers.filter((answer) => answer === null).length;
    started.push(...ids);
  }
  // A kill that comes after every answer proves nothing.
  expect(lost).toBeGreaterThan(0);
  for (const id of started) await expectOnePerson(id);
});
