import { STAGES } from '../../src/domain/outcome';
import { nextStage, type StatusKind, statusKind, statusRules } from '../../src/domain/status';

const STATUSES: [string, StatusKind][] = [
  ['Invited', 'invited'],
  ['Engaged', 'engaged'],
  ['Declined', 'declined'],
  ['Syncing', 'syncing'],
  ['All Synced', 'all-synced'],
  ['Some Synced', 'some-synced'],
  ['Error', 'error'],
  ['Attn Required', 'attention'],
  ['Disconnected', 'disconnected'],
];

describe('a status', () => {
  test.each(STATUSES)('%s is known as %s in any case and spacing', (status, kind) => {
    const spellings = [status, status.toUpperCase(), status.toLowerCase(), ` ${status}\n`, status.replace(' ', ' \t ')];
    expect(spellings.map(statusKind)).toEqual(spellings.map(() => kind));
  });

  test.each(['', 'Paused', 'AllSynced', 'All-Synced', 'Invited!', 'constructor', '__proto__', 'toString'])(
    '%p is unknown, not one that we act upon',
    (status) => expect(statusKind(status)).toBe('unknown'),
  );
});

describe('the stage', () => {
  test.each<[StatusKind, string]>([
    ['invited', 'invited'],
    ['engaged', 'engaged'],
    ['syncing', 'syncing'],
    ['attention', 'attention'],
    ['disconnected', 'attention'],
    ['some-synced', 'collecting'],
    ['all-synced', 'collecting'],
  ])('of %s is %s, wherever the applicant was before', (kind, stage) => {
    expect(STAGES.map((before) => nextStage(kind, before))).toEqual(STAGES.map(() => stage));
  });

  test.each<StatusKind>(['unknown', 'declined', 'error'])('stays where it is at %s', (kind) => {
    expect(STAGES.map((before) => nextStage(kind, before))).toEqual(STAGES);
  });
});

describe('the poll cadence', () => {
  test.each<[StatusKind, string]>([
    ['invited', 'invited'],
    ['engaged', 'engaged'],
    ['syncing', 'syncing'],
    ['attention', 'attention'],
    ['some-synced', 'someSynced'],
    ['disconnected', 'disconnected'],
  ])('of %s is the one named %s', (kind, name) => expect(statusRules(kind).cadence).toBe(name));

  test.each<StatusKind>(['unknown', 'declined', 'error', 'all-synced'])(
    'of %s, which has none of its own, is that of an engaged person',
    (kind) => expect(statusRules(kind).cadence).toBe('engaged'),
  );
});
