import { STAGES } from '../../src/domain/outcome';
import { nextStage, statusKind, statusRules } from '../../src/domain/status';

type Row = [text: string, kind: string, stage: string | null, cadence: string, flags: string];

/** Flags: E proves an engagement, R is read back at once, D waits for the deadline, L has its list polled. */
const TABLE: Row[] = [
  ['Invited', 'invited', 'invited', 'invited', 'D'],
  ['Engaged', 'engaged', 'engaged', 'engaged', 'ED'],
  ['Declined', 'declined', null, 'engaged', 'R'],
  ['Syncing', 'syncing', 'syncing', 'syncing', 'ED'],
  ['All Synced', 'all-synced', 'collecting', 'engaged', 'E'],
  ['Some Synced', 'some-synced', 'collecting', 'someSynced', 'ERL'],
  ['Error', 'error', null, 'engaged', 'R'],
  ['Attn Required', 'attention', 'attention', 'attention', 'ED'],
  ['Disconnected', 'disconnected', 'attention', 'disconnected', 'ERL'],
  ['Paused', 'unknown', null, 'engaged', 'D'],
];

test.each(TABLE)('%s is %s: stage %s, cadence %s, flags %s', (text, kind, stage, cadence, flags) => {
  for (const spelling of [text, text.toUpperCase(), text.toLowerCase(), ` ${text}\n`, text.replace(' ', ' \t ')]) {
    expect([spelling, statusKind(spelling)]).toEqual([spelling, kind]);
  }
  const rules = statusRules(statusKind(text));
  const { provesEngagement, isReadBackAtOnce, waitsForDeadline, isListPolled } = rules;
  const letters = [provesEngagement && 'E', isReadBackAtOnce && 'R', waitsForDeadline && 'D', isListPolled && 'L'];
  expect([rules.stage, rules.cadence, letters.filter(Boolean).join('')]).toEqual([stage, cadence, flags]);
  expect(STAGES.map((before) => nextStage(statusKind(text), before))).toEqual(STAGES.map((before) => stage ?? before));
});

test.each(['', 'AllSynced', 'All-Synced', 'Invited!', 'constructor', '__proto__', 'toString'])(
  '%p is an unknown status',
  (status) => expect(statusKind(status)).toBe('unknown'),
);
