import type { Cancel, Clock } from '../clock';
import type { Log } from '../log';
import type { Notice } from '../notices';
import type { Rules } from '../scenario/rules';
import type { NoticeFault } from '../scenario/schema';
import type { Person } from '../state';

/** One body for the webhooks, and whom it tells of. `together`: it travels as an array. */
export interface Post {
  readonly people: readonly Person[];
  readonly notices: readonly Notice[];
  readonly together: boolean;
}

/** Notices that wait for company or for somebody to overtake them. */
interface Held {
  posts: Post[];
  readonly cancel: Cancel;
}

/** Stands between what is told and what is posted, and loses, delays, repeats, swaps or gathers it as the scenario says. */
export class NoticeFaults {
  /** By person: what the next notice about them overtakes. */
  private readonly overtaken = new Map<Person, Held>();
  /** By rule: what is gathered into one array. */
  private readonly gathered = new Map<NoticeFault, Held>();

  constructor(
    private readonly clock: Clock,
    private readonly log: Log,
    private readonly rules: () => Rules<NoticeFault>,
    /** Posts bodies one after the other, each once the one before it was answered or given up. */
    private readonly post: (inTurn: readonly Post[]) => void,
  ) {}

  /** A body on its way from a person to the webhooks. */
  pass(person: Person, post: Post): void {
    const about = person.clientUserId;
    const kind = post.notices.some((notice) => notice['property'] === 'status') ? 'status' : 'report';
    const bitten = this.rules().bite(about, ({ on }) => on === 'any' || on === kind);
    if (!bitten) {
      this.post([post, ...this.takenFrom(this.overtaken, person)]);
      return;
    }
    const { rule, number } = bitten;
    this.log('notice-fault', { clientUserId: about, notice: kind, fault: rule.fault, rule: number });
    switch (rule.fault) {
      case 'drop':
        break;
      case 'delay':
        this.clock.at(this.clock.nowMs() + rule.by, () => this.post([post]));
        break;
      case 'duplicate':
        this.post(Array(rule.copies + 1).fill(post));
        break;
      case 'reorder':
        this.hold(this.overtaken, person, post, rule.within, (posts) => posts);
        break;
      case 'batch':
        this.hold(this.gathered, rule, post, rule.within, together);
        if (this.waitingAt(rule) >= rule.size) this.post(together(this.takenFrom(this.gathered, rule)));
    }
  }

  /** Lets go of all that waits: it is lost. */
  forget(): void {
    const lost = [...this.overtaken.values(), ...this.gathered.values()];
    for (const { cancel } of lost) cancel();
    this.overtaken.clear();
    this.gathered.clear();
  }

  private hold<Key>(
    where: Map<Key, Held>,
    key: Key,
    post: Post,
    withinMs: number,
    asPosts: (posts: readonly Post[]) => readonly Post[],
  ): void {
    const held = where.get(key);
    if (held) {
      held.posts.push(post);
      return;
    }
    // Nothing is held for ever: perhaps nobody follows.
    const cancel = this.clock.at(this.clock.nowMs() + withinMs, () => this.post(asPosts(this.takenFrom(where, key))));
    where.set(key, { posts: [post], cancel });
  }

  private takenFrom<Key>(where: Map<Key, Held>, key: Key): readonly Post[] {
    const held = where.get(key);
    held?.cancel();
    where.delete(key);
    return held?.posts ?? [];
  }

  private waitingAt(rule: NoticeFault): number {
    return (this.gathered.get(rule)?.posts ?? []).reduce((sum, { notices }) => sum + notices.length, 0);
  }
}

function together(posts: readonly Post[]): readonly Post[] {
  const people = [...new Set(posts.flatMap((post) => post.people))];
  return [{ people, notices: posts.flatMap(({ notices }) => notices), together: true }];
}
