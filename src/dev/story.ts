import { setTimeout as sleep } from 'node:timers/promises';
import { MINUTE_MS, SECOND_MS } from '../domain/policy';
import { howToGoOn, whereToLook } from './announcement';
import { inWords } from './child';
import { SANDBOX_WORLD } from './fresh';
import { bringUp, type Household } from './household';
import type { EverythingOptions } from './options';
import { type Patience, paceEnvironment } from './pace';
import { nodeCommand } from './processes';
import { asCsv, castSamples, judge, patienceWith, roundOf, type Sample, visitorOf } from './samples';
import { inviteLinkOf, type Persona, peopleOf, personasOf } from './sandbox';
import { kept, keptAnew } from './secrets';
import { sightingsOf } from './sightings';
import { MemberLost, type Supervisor } from './supervisor';
import type { Terminal } from './terminal';
import { Watch } from './watch';
import { counted, verdictTable } from './wording';

/** A change is seen within about a second, which is what a person takes for "at once". */
const LOOK_EVERY_MS = SECOND_MS;
/** The waits behind a story's last step, and a busy machine. */
const SETTLED_WITHIN_MS = 5 * MINUTE_MS;

/** The story: everything comes up, the samples are enrolled, and what becomes of them is told. Ends only with `once`. */
export async function live(
  options: EverythingOptions,
  supervisor: Supervisor,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  const beganMs = performance.now();
  const sinceStart = () => `${((performance.now() - beganMs) / SECOND_MS).toFixed(1)} s after the start`;
  let personas: readonly Persona[] = [];
  const household = await bringUp(options, supervisor, terminal, async (sandboxUrl) => {
    personas = await personasOf(sandboxUrl);
    castSamples(personas, options.cast, '');
  });
  terminal.say(`everything is up, ${sinceStart()}`);
  terminal.say(whereToLook(household, options));

  let samples: readonly Sample[] = [];
  const look = sightingsOf(household.client, household.taskQueue);
  const watch = new Watch(() => look(samples.map(({ clientUserId }) => clientUserId)), {
    changed: (seen) => terminal.change(seen),
    looked: (all) => terminal.show(all),
    failing: () => signal.aborted || terminal.say('no answer from Temporal at the moment; looking again'),
  });
  await watch.tick();
  const before = [...watch.seen.values()].filter(({ outcome }) => outcome === null).length;
  if (watch.seen.size > 0) {
    terminal.say(`going on with ${counted(watch.seen.size, 'applicant')} of an earlier start, ${before} of them open`);
  }
  let ownLink: Promise<void> | null = null;
  if (household.sandboxUrl) {
    const round = await roundToPlay(options.dataFolder, household.sandboxUrl, watch, terminal);
    samples = castSamples(personas, options.cast, round);
    await enrol(samples, round, household, options, supervisor, terminal);
    if (!options.once) ownLink = tellLink(household.sandboxUrl, visitorOf(round).clientUserId, terminal, signal);
  }

  const untilMs =
    Date.now() + SETTLED_WITHIN_MS + Math.max(0, ...samples.map(({ storyMs }) => Math.min(storyMs, 5 * MINUTE_MS)));
  const settled = () => samples.every(({ clientUserId }) => watch.seen.get(clientUserId)?.outcome);
  const stored = () => samples.some(({ clientUserId }) => watch.seen.get(clientUserId)?.documents);
  let toldOfFirst = stored();
  while (!settled() && Date.now() < untilMs) {
    await nextLook(watch, signal);
    if (!toldOfFirst && stored()) terminal.say(`the first document is stored, ${sinceStart()}`);
    toldOfFirst ||= stored();
  }
  await watch.tick();
  const verdicts = judge(samples, watch.seen);
  if (samples.length > 0) terminal.say(verdictTable(verdicts, terminal.columns));
  if (options.once) return verdicts.every(({ asExpected }) => asExpected) ? 0 : 1;
  await ownLink;
  terminal.say(howToGoOn(household));
  for (;;) await nextLook(watch, signal);
}

async function nextLook(watch: Watch, signal: AbortSignal): Promise<void> {
  await watch.tick();
  await sleep(LOOK_EVERY_MS, undefined, { signal });
}

/**
 * The samples of the first start stay the samples of all later ones, so that nobody is invited twice; until the sandbox has forgotten somebody
 * of them whom we still follow, for that one can only end as deleted.
 */
async function roundToPlay(dataFolder: string, sandboxUrl: string, watch: Watch, terminal: Terminal): Promise<string> {
  const round = kept(dataFolder, SANDBOX_WORLD.round, () => roundOf(new Date()));
  const known = new Set((await peopleOf(sandboxUrl)).map(({ clientUserId }) => clientUserId));
  const forgotten = [...watch.seen.values()].filter(
    ({ clientUserId, outcome, stage }) => outcome === null && stage !== 'inviting' && !known.has(clientUserId),
  );
  if (forgotten.length === 0) return round;
  terminal.say(
    `the sandbox has forgotten ${counted(forgotten.length, 'open applicant')}, who will end as cancelled (deleted-upstream); new samples are enrolled`,
  );
  return keptAnew(dataFolder, SANDBOX_WORLD.round, roundOf(new Date()));
}

/** The samples go the way of every applicant: through the starter, as files. Whoever was started before is left alone by it. */
async function enrol(
  samples: readonly Sample[],
  round: string,
  { env }: Household,
  { programs, once }: EverythingOptions,
  supervisor: Supervisor,
  terminal: Terminal,
): Promise<void> {
  const having = (patience: Patience) => samples.filter((sample) => patienceWith(sample) === patience);
  const files = [
    ['story', having('story')],
    ['deadline', having('deadline')],
    // Whom nobody plays would never end.
    ['visitor', once ? [] : [visitorOf(round)]],
  ] as const;
  const start = async ([patience, applicants]: (typeof files)[number]) => {
    if (applicants.length === 0) return;
    const paced = { ...env, ...paceEnvironment(patience) };
    const command = nodeCommand(programs.starter, ['--file', '-', '--json'], paced, asCsv(applicants));
    const { ending, log } = await supervisor.errand(`starter-${patience}`, command, { quiet: true });
    if (ending.status === 0) return;
    throw new MemberLost(`the samples could not be started: ${inWords(ending)}. The starter's log: ${log}`);
  };
  await terminal.phase(`samples: ${counted(samples.length, 'applicant')} started`, async () => {
    await Promise.all(files.map(start));
  });
}

/** The link goes to the terminal and nowhere else: who has it can act as that person. */
async function tellLink(
  sandboxUrl: string,
  clientUserId: string,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const link = await inviteLinkOf(sandboxUrl, clientUserId, signal).catch(() => null);
  if (link !== null) terminal.say(`\nPlay ${clientUserId} yourself, by opening the invitation:\n  ${link}\n`);
}
