import type { SearchAttributeUpdatePair } from '@temporalio/common';
import type { RecordedNeed } from '../domain/needs';
import type { Outcome, Stage } from '../domain/outcome';
import { SEARCH_ATTRIBUTE_KEYS } from './contract';

/** What a change of the stage shows in addition. */
export interface StageChanges {
  readonly outcome?: Outcome;
  readonly humanId?: string;
  /** When the stage began, in ms since 1970. Default: now. */
  readonly sinceMs?: number;
}

interface ShownNeeds {
  readonly needs: readonly RecordedNeed[];
  readonly dueAtMs: number | null;
}

export function stageAttributes(
  { stage, stageSinceMs }: { readonly stage: Stage; readonly stageSinceMs: number },
  { outcome, humanId }: StageChanges,
): SearchAttributeUpdatePair[] {
  return [
    { key: SEARCH_ATTRIBUTE_KEYS.stage, value: stage },
    { key: SEARCH_ATTRIBUTE_KEYS.stageSince, value: new Date(stageSinceMs) },
    ...(outcome ? [{ key: SEARCH_ATTRIBUTE_KEYS.outcome, value: outcome }] : []),
    ...(humanId ? [{ key: SEARCH_ATTRIBUTE_KEYS.humanId, value: humanId }] : []),
  ];
}

/** Of a round that begins: `openedAtMs` is the invitation; null: it ended without one. */
export function roundAttributes(round: number, openedAtMs: number | null): SearchAttributeUpdatePair[] {
  return [
    { key: SEARCH_ATTRIBUTE_KEYS.round, value: round },
    ...(openedAtMs === null ? [] : [{ key: SEARCH_ATTRIBUTE_KEYS.openedAt, value: new Date(openedAtMs) }]),
  ];
}

/** The needs and the deadline that changed. An attribute without a value is removed. */
export function changedNeeds(before: ShownNeeds, { needs, dueAtMs }: ShownNeeds): SearchAttributeUpdatePair[] {
  const haveNeedsChanged = needs.join() !== before.needs.join();
  const hasDeadlineChanged = dueAtMs !== before.dueAtMs;
  return [
    ...(haveNeedsChanged ? [{ key: SEARCH_ATTRIBUTE_KEYS.needs, value: needs.length > 0 ? [...needs] : null }] : []),
    ...(hasDeadlineChanged
      ? [{ key: SEARCH_ATTRIBUTE_KEYS.dueAt, value: dueAtMs === null ? null : new Date(dueAtMs) }]
      : []),
  ];
}
