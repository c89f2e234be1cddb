import { setTimeout as sleep } from 'node:timers/promises';
import { MINUTE_MS, SECOND_MS } from '../domain/policy';
import { inWords } from './child';
import { bringUp, type Household, type HouseholdOptions } from './household';
import { paceEnvironment, SPEED } from './pace';
import { nodeCommand } from './processes';
import { RunRecord } from './run-record';
import { asCsv, castSamples, judge, roundOf, type Sample } from './samples';
import { sightingsOf } from './sightings';
import { MemberLost, Supervisor } from './supervisor';
import type { Terminal } from './terminal';
import { Watch } from './watch';
import { changeLine, counted, verdictTable } from './wording';

export interface EverythingOptions extends HouseholdOptions {
  /** End when the samples are settled. */
  readonly once: boolean;
  /** Where the reports go, in words. */
  readonly reports: string;
  readonly logFolder: string;
}

/** A change is seen within about a second, which is what a person takes for "at once". */
const LOOK_EVERY_MS = SECOND_MS;
/** The samples take a minute; a busy machine some more. */
const SETTLED_WITHIN_MS = 5 * MINUTE_MS;

/** Runs everything until it is interrupted, or with `once` until the samples are settled; leaves nothing running. Resolves to the exit status. */
export async function runEverything(
  options: EverythingOptions,
  terminal: Terminal,
  interrupted: (insist: () => void) => Promise<void>,
): Promise<number> {
  const asked = interrupted(() => process.exit(1)).then(() => 'interrupted' as const);
  const record = await RunRecord.take(options.dataFolder, (text) => terminal.say(text)).catch(told(terminal));
  if (record === null) return 1;
  const supervisor = new Supervisor(options.logFolder, {
    line: (name, line) => terminal.line(name, line),
    event: (text) => terminal.say(text),
    running: (pids) => record.note(pids),
  });
  // The last moment of this process, however it comes.
  process.once('exit', () => supervisor.kill());
  const ending = new AbortController();
  const story = live(options, supervisor, terminal, ending.signal);
  const end = await Promise.race([story, asked, supervisor.lost]).catch(told(terminal));
  if (end === 'interrupted') terminal.say('ending everything; a second Ctrl-C ends it at once');
  ending.abort();
  await supervisor.stop();
  record.release();
  if (end === 'interrupted') return options.once ? 1 : 0;
  return end ?? 1;
}

/** Says a failure of the closed classes, whose message is written for the person at the terminal; any other is not ours to word. */
function told(terminal: Terminal): (error: unknown) => null {
  return (error) => {
    if (!(error instanceof Error && 'kind' in error && typeof error.kind === 'string')) throw error;
    terminal.say(error.message);
    return null;
  };
}

function forgotten(count: number): string {
  return `${counted(count, 'applicant')} of an earlier start: the sandbox has forgotten its people, so they will end as cancelled (deleted-upstream).`;
}

/** The story: everything comes up, the samples are enrolled, and what becomes of them is told. Ends only with `once`. */
async function live(
  options: EverythingOptions,
  supervisor: Supervisor,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  const household = await bringUp(options, supervisor, terminal);
  terminal.say(whereToLook(household, options));
  const watch = new Watch(sightingsOf(household.client, household.taskQueue), {
    changed: (sighting) => terminal.change(changeLine(sighting)),
    failing: () => signal.aborted || terminal.say('no answer from Temporal at the moment; looking again'),
  });
  await watch.tick();
  if (household.sandboxUrl && watch.seen.size > 0) terminal.say(forgotten(watch.seen.size));
  const samples = household.sandboxUrl ? await enrol(household, options, supervisor, terminal) : [];
  const untilMs = Date.now() + SETTLED_WITHIN_MS;
  const settled = () => samples.every(({ clientUserId }) => watch.seen.get(clientUserId)?.outcome);
  while (!settled() && Date.now() < untilMs) await nextLook(watch, signal);
  const verdicts = judge(samples, watch.seen);
  if (samples.length > 0) terminal.say(verdictTable(verdicts));
  if (options.once) return verdicts.every(({ asExpected }) => asExpected) ? 0 : 1;
  terminal.say(howToGoOn(household));
  for (;;) await nextLook(watch, signal);
}

async function nextLook(watch: Watch, signal: AbortSignal): Promise<void> {
  await watch.tick();
  await sleep(LOOK_EVERY_MS, undefined, { signal });
}

/** The samples go the way of every applicant: through the starter, as a file. */
async function enrol(
  { env, sandboxUrl }: Household,
  { programs }: EverythingOptions,
  supervisor: Supervisor,
  terminal: Terminal,
): Promise<Sample[]> {
  const samples = await castSamples(sandboxUrl ?? '', roundOf(new Date()));
  const command = nodeCommand(
    programs.starter,
    ['--file', '-', '--json'],
    { ...env, ...paceEnvironment() },
    asCsv(samples),
  );
  await terminal.phase(`starter, ${counted(samples.length, 'sample applicant')}`, async () => {
    const { ending, log } = await supervisor.errand('starter', command);
    if (ending.status !== 0)
      throw new MemberLost(`the samples could not be started: ${inWords(ending)}. The starter's log: ${log}`);
  });
  return samples;
}

function whereToLook(
  { sandboxUrl, temporalUiUrl, temporalAddress, webhookUrl }: Household,
  { reports, logFolder, webhook, dataFolder }: EverythingOptions,
): string {
  const rows = [
    ['Temporal UI', temporalUiUrl ?? `that of ${temporalAddress}`],
    ['webhook', webhookUrl],
    ['sandbox', sandboxUrl && `${sandboxUrl}/control/people`],
    ['reports', reports],
    ['logs', logFolder],
  ];
  return [
    '',
    ...rows.flatMap(([what, where]) => (where ? [`${what?.padEnd(12)} ${where}`] : [])),
    '',
    ...(sandboxUrl
      ? [
          'No HUMAN_API_CLIENT_ID is set, so made-up people are invited through the sandbox, where everything happens',
          `${SPEED} times faster: their stories take about a minute. One line tells each change:`,
        ]
      : ['Credentials are set: this talks to the real Human API.']),
    ...(sandboxUrl || webhook.secretGiven
      ? []
      : [`WEBHOOK_SECRET is not set; the one in use is in ${dataFolder}/webhook-secret.`]),
    '',
  ].join('\n');
}

function howToGoOn({ sandboxUrl, temporalAddress, taskQueue }: Household): string {
  const variables = [
    // The defaults of the starter, which knows nothing of us.
    ...(temporalAddress === '127.0.0.1:7233' ? [] : [`TEMPORAL_ADDRESS=${temporalAddress}`]),
    ...(taskQueue === 'chartway' ? [] : [`TASK_QUEUE=${taskQueue}`]),
    ...(sandboxUrl ? [`SETTLE_ALL_SYNCED=${paceEnvironment()['SETTLE_ALL_SYNCED']}`] : []),
  ];
  const email = sandboxUrl ? 'several@example.org' : 'max@example.org';
  return [
    '',
    'Everything stays up until Ctrl-C. To enrol an applicant of your own, in another terminal:',
    `  ${[...variables, 'npm run starter --'].join(' ')} --client-user-id POL-1 --email ${email}`,
    '',
  ].join('\n');
}
