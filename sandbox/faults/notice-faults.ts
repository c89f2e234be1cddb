import type { Cancel, Clock } from '../clock';
import type { Log } from '../log';
import type { Notice } from '../notices';
import type { Rules } from '../scenario/rules';
import type { NoticeFault } from '../scenario/schema';
import type { Person } from '../state';

/** One post to the webhooks, with the people it concerns. `asArray`: the body is an array. */
export interface WebhookPost {
  readonly people: readonly Person[];
  readonly notices: readonly Notice[];
  readonly asArray: boolean;
}

/** Posts that wait for further posts. */
interface HeldPosts {
  posts: WebhookPost[];
  readonly cancel: Cancel;
}

/** Drops, delays, duplicates, reorders or batches notifications by the rules of the scenario. */
export class NoticeFaults {
  /** By person: posts that the next post of the person overtakes. */
  private readonly reordered = new Map<Person, HeldPosts>();
  /** By rule: posts that become one array. */
  private readonly batched = new Map<NoticeFault, HeldPosts>();

  constructor(
    private readonly clock: Clock,
    private readonly log: Log,
    private readonly rules: () => Rules<NoticeFault>,
    /** Sends posts one after the other; each waits for the answer to the previous one. */
    private readonly post: (posts: readonly WebhookPost[]) => void,
  ) {}

  /** Applies the first matching rule to a post. */
  pass(person: Person, post: WebhookPost): void {
    const { clientUserId } = person;
    const kind = post.notices.some((notice) => notice['property'] === 'status') ? 'status' : 'report';
    const match = this.rules().match(clientUserId, ({ on }) => on === 'any' || on === kind);
    if (!match) {
      this.post([post, ...this.release(this.reordered, person)]);
      return;
    }
    const { rule, number } = match;
    this.log('notice-fault', { clientUserId, notice: kind, fault: rule.fault, rule: number });
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
        this.hold(this.reordered, person, post, rule.within, (posts) => posts);
        break;
      case 'batch':
        this.hold(this.batched, rule, post, rule.within, joinPosts);
        if (this.batchedNotices(rule) >= rule.size) this.post(joinPosts(this.release(this.batched, rule)));
    }
  }

  /** Discards all held posts. */
  discardHeld(): void {
    for (const { cancel } of [...this.reordered.values(), ...this.batched.values()]) cancel();
    this.reordered.clear();
    this.batched.clear();
  }

  private hold<Key>(
    store: Map<Key, HeldPosts>,
    key: Key,
    post: WebhookPost,
    withinMs: number,
    asPosts: (posts: readonly WebhookPost[]) => readonly WebhookPost[],
  ): void {
    const waiting = store.get(key);
    if (waiting) {
      waiting.posts.push(post);
      return;
    }
    // A limit, because perhaps no other post follows.
    const cancel = this.clock.at(this.clock.nowMs() + withinMs, () => this.post(asPosts(this.release(store, key))));
    store.set(key, { posts: [post], cancel });
  }

  private release<Key>(store: Map<Key, HeldPosts>, key: Key): readonly WebhookPost[] {
    const waiting = store.get(key);
    waiting?.cancel();
    store.delete(key);
    return waiting?.posts ?? [];
  }

  private batchedNotices(rule: NoticeFault): number {
    return (this.batched.get(rule)?.posts ?? []).reduce((sum, { notices }) => sum + notices.length, 0);
  }
}

function joinPosts(posts: readonly WebhookPost[]): readonly WebhookPost[] {
  const people = [...new Set(posts.flatMap((post) => post.people))];
  return [{ people, notices: posts.flatMap(({ notices }) => notices), asArray: true }];
}
