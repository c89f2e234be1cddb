import { Child, type Command, type Ending, inWords } from './child';
import { LogFile } from './log-file';
import { isReadyLine } from './log-line';

/** A process that runs as long as everything does. */
export interface Member extends Command {
  readonly name: string;
  /** How it is known to serve: by its ready line (null), or by this, which is asked until it resolves. */
  readonly serves: (() => Promise<void>) | null;
  readonly readyWithinMs: number;
  /** How long its drain may take before it is killed. */
  readonly graceMs: number;
  /** Its lines go to its log alone; the last ones are shown when it is lost. */
  readonly quiet: boolean;
  /** What its unexpected end means for the others. */
  readonly ifLost: 'restart' | 'end';
}

/** What the supervisor tells of its members: their lines, and what happened to them. */
export interface Listener {
  line(name: string, line: string): void;
  event(text: string): void;
  /** The pids of all who run, whenever one was started. */
  running(pids: Readonly<Record<string, number>>): void;
}

/** A member that did not come up, or whose end ends everything. The message says where to look. */
export class MemberLost extends Error {
  override readonly name = 'MemberLost';
  readonly kind = 'member-lost';
}

/** A second start may meet what stopped the first (a port that is still held); then longer and longer, for a fault that lasts must not flood the terminal. */
const FIRST_RESTART_MS = 1_000;
const LONGEST_RESTART_MS = 30_000;
/** Who has run so long had no fault in its start. */
const SOUND_AFTER_MS = 60_000;
const ASK_EVERY_MS = 100;
/** An errand holds nothing that needs a drain. */
const ERRAND_GRACE_MS = 3_000;

interface Post {
  readonly member: Member;
  readonly log: LogFile;
  child: Child;
  /** Consecutive quick ends. */
  failures: number;
  restart: NodeJS.Timeout | null;
}

/** Keeps processes running, restarts who may be restarted, and ends all of them, the last started first. */
export class Supervisor {
  /** Rejects with {@link MemberLost} when a member is gone for good whose end ends everything; otherwise stays open. */
  readonly lost: Promise<never>;
  private lose: (error: MemberLost) => void = () => {};
  private readonly posts: Post[] = [];
  private readonly errands = new Set<Child>();
  private stopping = false;

  constructor(
    private readonly logFolder: string,
    private readonly listener: Listener,
  ) {
    this.lost = new Promise((_, reject) => {
      this.lose = reject;
    });
    this.lost.catch(() => {}); // whoever waits for it hears of it
  }

  /** Starts a member; resolves when it serves. @throws {MemberLost} */
  async start(member: Member): Promise<void> {
    this.throwIfStopping(member.name);
    const log = new LogFile(this.logFolder, member.name);
    const ready = new Signal();
    const post: Post = { member, log, child: this.spawn(member, log, ready), failures: 0, restart: null };
    this.posts.push(post);
    this.tellPids();
    let timer: NodeJS.Timeout | undefined;
    const answer = await Promise.race([
      member.serves === null ? ready.given : asked(member.serves, () => post.child.ended),
      post.child.ended.then((ending) => `it ended: ${inWords(ending)}`),
      new Promise<string>((resolve) => {
        timer = setTimeout(
          () => resolve(`it was not ready after ${member.readyWithinMs / 1000} s`),
          member.readyWithinMs,
        );
      }),
    ]);
    clearTimeout(timer);
    if (typeof answer === 'string' && !this.stopping && member.quiet) this.tellLastWords(member.name, log);
    if (typeof answer === 'string')
      throw new MemberLost(`${member.name} did not come up: ${answer}. Its log: ${log.path}`);
    this.watch(post);
  }

  /** Runs a program to its end, which {@link stop} hastens; resolves to its ending and what it printed on stdout. `quiet`: as of a member. */
  async errand(
    name: string,
    command: Command,
    { quiet = false }: { readonly quiet?: boolean } = {},
  ): Promise<{ readonly ending: Ending; readonly printed: readonly string[]; readonly log: string }> {
    this.throwIfStopping(name);
    const log = new LogFile(this.logFolder, name);
    const printed: string[] = [];
    const child = new Child(command, (line, from) => {
      log.add(line);
      if (from === 'stdout') printed.push(line);
      else if (!quiet) this.listener.line(name, line);
    });
    this.errands.add(child);
    const ending = await child.ended;
    this.errands.delete(child);
    log.close();
    if (quiet && ending.status !== 0 && !this.stopping) this.tellLastWords(name, log);
    return { ending, printed, log: log.path };
  }

  /** What was kept from the terminal so far may say why. */
  private tellLastWords(name: string, log: LogFile): void {
    for (const line of log.tail) this.listener.line(name, line);
  }

  private tellPids(): void {
    const running = this.posts.flatMap(({ member, child: { pid } }) => (pid === undefined ? [] : [[member.name, pid]]));
    this.listener.running(Object.fromEntries(running));
  }

  /** Lets every member drain, the last started first, so that none misses what it drains into. */
  async stop(): Promise<void> {
    this.stopping = true;
    for (const { restart } of this.posts) if (restart) clearTimeout(restart);
    for (const errand of this.errands) await errand.stop(ERRAND_GRACE_MS);
    for (const { member, child, log } of [...this.posts].reverse()) {
      const drained = await child.stop(member.graceMs);
      if (!drained)
        this.listener.event(`${member.name} had not ended ${member.graceMs / 1000} s after SIGTERM and was killed`);
      log.close();
    }
  }

  /** Ends every member now, without a drain; for the last moment of this process. */
  kill(): void {
    this.stopping = true;
    for (const { child, restart } of this.posts) {
      if (restart) clearTimeout(restart);
      child.kill();
    }
    for (const errand of this.errands) errand.kill();
  }

  private throwIfStopping(name: string): void {
    if (this.stopping) throw new MemberLost(`${name} was not started: everything is being stopped`);
  }

  private spawn(member: Member, log: LogFile, ready: Signal): Child {
    return new Child(member, (line) => {
      log.add(line);
      if (isReadyLine(line)) ready.give();
      if (!member.quiet) this.listener.line(member.name, line);
    });
  }

  private watch(post: Post): void {
    const { member, log } = post;
    const sinceMs = Date.now();
    post.child.ended.then((ending) => {
      if (this.stopping) return;
      const what = `${member.name} ended unexpectedly: ${inWords(ending)}. Its log: ${log.path}`;
      if (member.ifLost === 'end') {
        if (member.quiet) this.tellLastWords(member.name, log);
        this.lose(new MemberLost(what));
        return;
      }
      post.failures = Date.now() - sinceMs > SOUND_AFTER_MS ? 0 : post.failures + 1;
      const delayMs = Math.min(FIRST_RESTART_MS * 2 ** Math.max(0, post.failures - 1), LONGEST_RESTART_MS);
      this.listener.event(`${what}. Started again in ${delayMs / 1000} s.`);
      post.restart = setTimeout(() => {
        post.child = this.spawn(member, log, new Signal());
        this.tellPids();
        this.watch(post);
      }, delayMs);
    });
  }
}

/** Something that happens once. */
class Signal {
  give: () => void = () => {};
  readonly given = new Promise<void>((resolve) => {
    this.give = resolve;
  });
}

/** Asks until it is answered or there is nobody left to answer. */
async function asked(serves: () => Promise<void>, ended: () => Promise<unknown>): Promise<void> {
  let over = false;
  ended().then(() => {
    over = true;
  });
  while (!over) {
    try {
      return await serves();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
    }
  }
}
