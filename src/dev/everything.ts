import { type Asking, askToForget, forgetWorld, worldIn } from './fresh';
import type { EverythingOptions } from './options';
import { RunRecord } from './run-record';
import { live } from './story';
import { Supervisor } from './supervisor';
import type { Terminal } from './terminal';

/** Resolved when the person asks us to end; `insist` is called when they ask again. */
export type Interrupted = (insist: () => void) => Promise<void>;

/** Wrong usage, as for a wrong option. */
const WRONG_USAGE = 2;

/** Runs everything until it is interrupted, or with `once` until the samples are settled; leaves nothing running. Resolves to the exit status. */
export async function runEverything(
  options: EverythingOptions,
  terminal: Terminal,
  asking: Asking,
  interrupted: Interrupted,
): Promise<number> {
  const asked = interrupted(() => process.exit(1)).then(() => 'interrupted' as const);
  const record = await RunRecord.take(options.dataFolder, (text) => terminal.say(text)).catch(told(terminal));
  if (typeof record === 'number') return record;
  const refusal = await forget(options, terminal, asking);
  if (refusal !== null) {
    record.release();
    return refusal;
  }
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
  await terminal.phase('draining', () => supervisor.stop());
  record.release();
  if (end === 'interrupted') return options.once ? 1 : 0;
  return end;
}

/** Says a failure of the closed classes, whose message is written for the person at the terminal; any other is not ours to word. */
function told(terminal: Terminal): (error: unknown) => number {
  return (error) => {
    if (!(error instanceof Error && 'kind' in error && typeof error.kind === 'string')) throw error;
    terminal.say(error.message);
    return error.kind === 'usage' ? WRONG_USAGE : 1;
  };
}

/** Forgets the sandbox's world where that is wanted. Null, or the exit status where it must not go on. */
async function forget(
  { fresh, sandboxed, dataFolder }: EverythingOptions,
  terminal: Terminal,
  asking: Asking,
): Promise<number | null> {
  if (fresh === null) return null;
  if (!sandboxed) {
    terminal.say(
      '--fresh is for the sandbox. Credentials are set, and applicants of the real Human API are not forgotten.',
    );
    return WRONG_USAGE;
  }
  const files = worldIn(dataFolder);
  if (files.length === 0) {
    terminal.say('there is nothing to forget: this is a fresh start');
    return null;
  }
  const answer = fresh === 'yes' ? 'yes' : await terminal.aside(() => askToForget(files, asking));
  if (answer === 'nobody') {
    terminal.say(`--fresh would forget ${files.join(', ')}, and there is no terminal to ask at: say --fresh --yes.`);
    return WRONG_USAGE;
  }
  if (answer === 'no') {
    terminal.say('nothing was forgotten, and nothing started');
    return 1;
  }
  forgetWorld(dataFolder);
  terminal.say(`forgotten: ${files.join(', ')}`);
  return null;
}
