import { setTimeout as sleep } from 'node:timers/promises';
import { MINUTE_MS, SECOND_MS } from '../domain/policy';
import { ChangeWatch } from './change-watch';
import { describeExit } from './child';
import { type DemoPace, demoPolicyEnvironment } from './demo-policy';
import { SANDBOX_DATA } from './fresh';
import { keptText, replaceKeptText } from './kept-secrets';
import { plural, resultTable } from './messages';
import type { DevOptions } from './options';
import { programCommand } from './programs';
import { checkSamples, createRound, manualApplicant, paceOf, type Sample, selectSamples, toCsv } from './samples';
import { listPeople, listPersonas, type Persona, waitForInviteLink } from './sandbox-client';
import { createSnapshotReader, createSnapshotSource } from './snapshots';
import { type Stack, startStack } from './stack';
import { nextStepsMessage, stackMessage } from './stack-messages';
import { ServiceLost, type Supervisor } from './supervisor';
import type { Terminal } from './terminal';

const TICK_EVERY_MS = SECOND_MS;
/** The settle windows after the last step of a story, on a busy machine. */
const CLOSED_WITHIN_MS = 5 * MINUTE_MS;

/** Starts the stack, enrols the samples and reports their changes and results. Resolves to the exit status with `once`, otherwise never. */
export async function runDemo(
  options: DevOptions,
  supervisor: Supervisor,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  const startedAtMs = performance.now();
  const elapsed = () => `${((performance.now() - startedAtMs) / SECOND_MS).toFixed(1)} s`;
  let personas: readonly Persona[] = [];
  const stack = await startStack(options, supervisor, terminal, async (sandboxUrl) => {
    personas = await listPersonas(sandboxUrl);
    selectSamples(personas, options.personas, ''); // throws if one does not exist
  });
  terminal.message(`all services are ready after ${elapsed()}`);
  terminal.message(stackMessage(stack, options));

  let samples: readonly Sample[] = [];
  const readSnapshots = createSnapshotReader(createSnapshotSource(stack.client, stack.taskQueue));
  const watch = new ChangeWatch(() => readSnapshots(samples.map(({ clientUserId }) => clientUserId)), {
    changed: (snapshot) => terminal.change(snapshot),
    all: (snapshots) => terminal.table(snapshots),
    failing: () => signal.aborted || terminal.message('Temporal does not answer; retrying'),
  });
  await watch.tick();
  const open = [...watch.snapshots.values()].filter(({ outcome }) => outcome === null).length;
  if (watch.snapshots.size > 0)
    terminal.message(
      `continuing with ${plural(watch.snapshots.size, 'applicant')} of an earlier start, ${open} of them open`,
    );
  let manualLink: Promise<void> | null = null;
  if (stack.sandboxUrl) {
    const round = await chooseRound(options.dataFolder, stack.sandboxUrl, watch, terminal);
    samples = selectSamples(personas, options.personas, round);
    await enrol(samples, round, stack, options, supervisor, terminal);
    if (!options.once) manualLink = printLink(stack.sandboxUrl, manualApplicant(round).clientUserId, terminal, signal);
  }

  await waitUntilClosed(samples, watch, signal, () =>
    terminal.message(`the first document is stored after ${elapsed()}`),
  );
  await watch.tick();
  const results = checkSamples(samples, watch.snapshots);
  if (samples.length > 0) terminal.message(resultTable(results, terminal.columns));
  if (options.once) return results.every(({ isAsExpected }) => isAsExpected) ? 0 : 1;
  await manualLink;
  terminal.message(nextStepsMessage(stack));
  for (;;) await nextTick(watch, signal);
}

/** Waits until all samples have closed, or longer than their stories take. */
async function waitUntilClosed(
  samples: readonly Sample[],
  watch: ChangeWatch,
  signal: AbortSignal,
  onFirstDocument: () => void,
): Promise<void> {
  const longestStoryMs = Math.max(0, ...samples.map(({ storyMs }) => Math.min(storyMs, 5 * MINUTE_MS)));
  const untilMs = Date.now() + CLOSED_WITHIN_MS + longestStoryMs;
  const haveClosed = () => samples.every(({ clientUserId }) => watch.snapshots.get(clientUserId)?.outcome);
  const hasDocument = () => samples.some(({ clientUserId }) => watch.snapshots.get(clientUserId)?.documents);
  let hadDocument = hasDocument();
  while (!haveClosed() && Date.now() < untilMs) {
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
async function chooseRound(
  dataFolder: string,
  sandboxUrl: string,
  watch: ChangeWatch,
  terminal: Terminal,
): Promise<string> {
  const round = keptText(dataFolder, SANDBOX_DATA.round, () => createRound(new Date()));
  const people = new Set((await listPeople(sandboxUrl)).map(({ clientUserId }) => clientUserId));
  const lost = [...watch.snapshots.values()].filter(
    ({ clientUserId, outcome, stage }) => outcome === null && stage !== 'inviting' && !people.has(clientUserId),
  );
  if (lost.length === 0) return round;
  terminal.message(
    `the sandbox has lost ${plural(lost.length, 'open applicant')}, which will end as cancelled (deleted-upstream); enrolling new samples`,
  );
  return replaceKeptText(dataFolder, SANDBOX_DATA.round, createRound(new Date()));
}

/** Runs the starter once for each pace. The starter skips applicants that were started before. @throws {ServiceLost} */
async function enrol(
  samples: readonly Sample[],
  round: string,
  { env }: Stack,
  { once }: DevOptions,
  supervisor: Supervisor,
  terminal: Terminal,
): Promise<void> {
  const withPace = (pace: DemoPace) => samples.filter((sample) => paceOf(sample) === pace);
  const start = async (pace: DemoPace, applicants: Parameters<typeof toCsv>[0]) => {
    if (applicants.length === 0) return;
    const starterEnv = { ...env, ...demoPolicyEnvironment(pace) };
    const command = programCommand('starter', ['--file', '-', '--json'], starterEnv, toCsv(applicants));
    const { exit, log } = await supervisor.runOnce(`starter-${pace}`, command, { quiet: true });
    if (exit.status === 0) return;
    throw new ServiceLost(`the samples could not be started: ${describeExit(exit)}. The starter's log: ${log}`);
  };
  await terminal.phase(`starting ${plural(samples.length, 'sample')}`, async () => {
    await Promise.all([
      start('story', withPace('story')),
      start('deadline', withPace('deadline')),
      // With `once` no user plays it, and it would not end.
      start('manual', once ? [] : [manualApplicant(round)]),
    ]);
  });
}

/** Prints the link on the terminal only, because it grants access to the person's account. */
async function printLink(
  sandboxUrl: string,
  clientUserId: string,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const link = await waitForInviteLink(sandboxUrl, clientUserId, signal).catch(() => null);
  if (link !== null) terminal.message(`\nPlay ${clientUserId} yourself: open its invitation.\n  ${link}\n`);
}
