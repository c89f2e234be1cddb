import type { Collection } from './collection';
import type { Facts } from './facts';
import type { Policy } from './policy';

/** Everything that a decision about an applicant depends on. */
export interface Situation {
  readonly facts: Facts;
  readonly collection: Collection;
  readonly policy: Policy;
  readonly nowMs: number;
  /** True: Human API sends the invitation; false: the carrier sends it. */
  readonly autoInvite: boolean;
  /** When an operator requested the early end, in ms since 1970; null: not requested. */
  readonly finishRequestedAtMs: number | null;
}
