import { setTimeout as sleep } from 'node:timers/promises';
import { MINUTE_MS, SECOND_MS } from '../domain/policy';
import { ChangeWatch } from './change-watch';
import { describeExit } from './child';
import { readOrCreateText, writeText } from './dev-files';
import type { DevOutput } from './dev-output';
import { SANDBOX_DATA } from './fresh';
import { plural, resultTable } from './messages';
import { DATA_FOLDER, type DevOptions } from './options';
import { programCommand } from './programs';
import { checkSamples, haveResults, statusOfResults } from './sample-results';
import {
  createRound,
  type DemoPace,
  demoPace,
  demoPolicyEnvironment,
  manualApplicant,
  type Sample,
  selectSamples,
  toCsv,
} from './samples';
import { listPeople, listPersonas, type Persona, waitForInviteLink } from './sandbox-client';
import { createSnapshotReader, createSnapshotSource } from './snapshots';
import { type Stack, startStack } from './stack';
import { nextStepsMessage, stackMessage } from './stack-messages';
import { StartFailed, type Supervisor } from './supervisor';

const TICK_EVERY_MS = SECOND_MS;
/** How long an applicant may take to close after its story: the settle windows, on a busy machine. */
const CLOSED_WITHIN_MS = 5 * MINUTE_MS;
/** No longer story is waited for, because a scenario can make stories as slow as it likes. */
const MAX_STORY_MS = 5 * MINUTE_MS;

/** Starts the stack, enrols the samples and reports their changes and results. Resolves to the exit status with `once`, otherwise never. */
export async function runDemo(
  options: DevOptions,
  supervisor: Supervisor,
  output: DevOutput,
  signal: AbortSignal,
): Promise<number> {
  const { args } = options;
  const startedAtMs = performance.now();
  const elapsed = () => `${((performance.now() - startedAtMs) / SECOND_MS).toFixed(1)} s`;
  let personas: readonly Persona[] = [];
  const stack = await startStack(options, supervisor, output, async (sandboxUrl) => {
    personas = await listPersonas(sandboxUrl);
    selectSamples(personas, args.personas, ''); // throws if one does not exist
  });
  output.message(`all services are ready after ${elapsed()}`);
  output.message(stackMessage(stack, options));

  let samples: readonly Sample[] = [];
  const readSnapshots = createSnapshotReader(createSnapshotSource(stack.client, stack.taskQueue));
  const watch = new ChangeWatch(() => readSnapshots(samples.map(({ clientUserId }) => clientUserId)), {
    onChange: (snapshot) => output.change(snapshot),
    onRead: (snapshots) => output.table(snapshots),
    onFailure: () => signal.aborted || output.message('Temporal does not answer; retrying'),
  });
  await watch.tick();
  const open = [...watch.snapshots.values()].filter(({ outcome }) => outcome === null).length;
  if (watch.snapshots.size > 0)
    output.message(
      `continuing with ${plural(watch.snapshots.size, 'applicant')} of an earlier start, ${open} of them open`,
    );
  let manualLink: Promise<void> | null = null;
  if (stack.sandboxUrl) {
    const round = await chooseRound(stack.sandboxUrl, watch, output);
    samples = selectSamples(personas, args.personas, round);
    await enrol(samples, round, stack, options, supervisor, output);
    const { clientUserId } = manualApplicant(round);
    const hasClosed = Boolean(watch.snapshots.get(clientUserId)?.outcome);
    if (!args.once && !hasClosed) manualLink = printLink(stack.sandboxUrl, clientUserId, output, signal);
  }

  await waitUntilClosed(samples, watch, signal, () =>
    output.message(`the first document is stored after ${elapsed()}`),
  );
  await watch.tick();
  const results = checkSamples(samples, watch.snapshots);
  if (samples.length > 0) output.message(resultTable(results, output.columns));
  if (args.once) return statusOfResults(results);
  await manualLink;
  output.message(nextStepsMessage(stack));
  for (;;) await nextTick(watch, signal);
}

/**
 * Waits until all samples have closed and the numbers of their documents are known, at most for the longest story and {@link CLOSED_WITHIN_MS}. After
 * a restart a worker needs some reads, because it replays every closed applicant. `onFirstDocument` is not called for samples of an earlier start.
 */
async function waitUntilClosed(
  samples: readonly Sample[],
  watch: ChangeWatch,
  signal: AbortSignal,
  onFirstDocument: () => void,
): Promise<void> {
  const longestStoryMs = Math.max(
    0,
    ...samples.map(({ realSeconds }) => Math.min(realSeconds * SECOND_MS, MAX_STORY_MS)),
  );
  const untilMs = Date.now() + CLOSED_WITHIN_MS + longestStoryMs;
  const hasDocument = () => samples.some(({ clientUserId }) => watch.snapshots.get(clientUserId)?.documents);
  let hadDocument = samples.some(({ clientUserId }) => watch.snapshots.has(clientUserId));
  while (!haveResults(samples, watch.snapshots) && Date.now() < untilMs) {
    await nextTick(watch, signal);
    if (!hadDocument && hasDocument()) onFirstDocument();
    hadDocument ||= hasDocument();
  }
}

async function nextTick(watch: ChangeWatch, signal: AbortSignal): Promise<void> {
  await watch.tick();
  await sleep(TICK_EVERY_MS, undefined, { signal });
}

/**
 * All starts use the samples of the first one, so that no one is invited twice. If the sandbox has lost an open applicant, which can only end as
 * deleted, a new round starts.
 */
async function chooseRound(sandboxUrl: string, watch: ChangeWatch, output: DevOutput): Promise<string> {
  const round = readOrCreateText(DATA_FOLDER, SANDBOX_DATA.round, () => createRound(new Date()));
  const people = new Set((await listPeople(sandboxUrl)).map(({ clientUserId }) => clientUserId));
  const lost = [...watch.snapshots.values()].filter(
    ({ clientUserId, outcome, stage }) => outcome === null && stage !== 'inviting' && !people.has(clientUserId),
  );
  if (lost.length === 0) return round;
  output.message(
    `the sandbox has lost ${plural(lost.length, 'open applicant')}, which will end as cancelled (deleted-upstream); starting new samples`,
  );
  return writeText(DATA_FOLDER, SANDBOX_DATA.round, createRound(new Date()));
}

/** Runs the starter once for each pace. The starter skips applicants that were started before. @throws {StartFailed} */
async function enrol(
  samples: readonly Sample[],
  round: string,
  { env }: Stack,
  { args }: DevOptions,
  supervisor: Supervisor,
  output: DevOutput,
): Promise<void> {
  const withPace = (pace: DemoPace) => samples.filter((sample) => demoPace(sample) === pace);
  const start = async (pace: DemoPace, applicants: Parameters<typeof toCsv>[0]) => {
    if (applicants.length === 0) return;
    const starterEnv = { ...env, ...demoPolicyEnvironment(pace) };
    const command = programCommand('starter', ['--file', '-', '--json'], starterEnv, toCsv(applicants));
    const { exit, log } = await supervisor.runToEnd(`starter-${pace}`, command, { quiet: true });
    if (exit.status === 0) return;
    throw new StartFailed(`the samples could not be started: ${describeExit(exit)}. The starter's log: ${log}`);
  };
  await output.phase(`starting ${plural(samples.length, 'sample')}`, async () => {
    await Promise.all([
      start('story', withPace('story')),
      start('deadline', withPace('deadline')),
      // With `once` no user plays it, and it would not end.
      start('manual', args.once ? [] : [manualApplicant(round)]),
    ]);
  });
}

/** Prints the link on the terminal only, because it grants access to the person's account. */
async function printLink(
  sandboxUrl: string,
  clientUserId: string,
  output: DevOutput,
  signal: AbortSignal,
): Promise<void> {
  const link = await waitForInviteLink(sandboxUrl, clientUserId, signal).catch(() => null);
  if (link !== null) output.message(`\nPlay ${clientUserId} yourself: open its invitation.\n  ${link}\n`);
}
