import { type Seen, type Sighting, Watch } from '../../src/dev/watch';
import { sighted } from './seen-fixture';

const NOW_MS = 1_000;

function setup(...looks: (readonly Sighting[] | Error)[]) {
  const changes: Seen[] = [];
  const looked: (readonly Seen[])[] = [];
  const failures: unknown[] = [];
  const look = async () => {
    const next = looks.shift() ?? [];
    if (next instanceof Error) throw next;
    return next;
  };
  const tell = {
    changed: (seen: Seen) => changes.push(seen),
    looked: (all: readonly Seen[]) => looked.push(all),
    failing: (error: unknown) => failures.push(error),
  };
  const watch = new Watch(look, tell, () => NOW_MS);
  const ticks = async (count: number) => {
    for (let tick = 0; tick < count; tick += 1) await watch.tick();
  };
  return { watch, ticks, changes, looked, failures };
}

test('a change is told once, a repeat not at all', async () => {
  const { ticks, changes } = setup(
    [sighted()],
    [sighted()],
    [sighted({ stage: 'invited' })],
    [sighted({ stage: 'invited' })],
  );
  await ticks(4);
  expect(changes.map(({ stage }) => stage)).toEqual(['inviting', 'invited']);
});

test('what is waited for is seen at every look, and is no change by itself', async () => {
  const { watch, ticks, changes } = setup([sighted()], [sighted({ waitingFor: 'the person' })]);
  await ticks(2);
  expect(changes).toHaveLength(1);
  expect(watch.seen.get('POL-1')?.waitingFor).toBe('the person');
});

test('the last event is the weightiest of what has changed, and stands until the next one', async () => {
  const looks = [
    sighted({ stage: 'invited', stageSinceMs: 500, status: 'Invited' }),
    sighted({ stage: 'syncing', status: 'Syncing' }),
    sighted({ stage: 'collecting', status: 'All Synced', documents: 2 }),
    sighted({ stage: 'collecting', status: 'All Synced', documents: 2 }),
    sighted({ stage: 'closed', stageSinceMs: 900, status: 'All Synced', documents: 3, outcome: 'collected' }),
  ];
  const { watch } = setup(...looks.map((one) => [one]));
  const events: unknown[] = [];
  for (const _ of looks) {
    await watch.tick();
    events.push(watch.seen.get('POL-1')?.event);
  }
  expect(events).toEqual([
    { atMs: 500, text: 'Human API: Invited' },
    { atMs: NOW_MS, text: 'Human API: Syncing' },
    { atMs: NOW_MS, text: '2 documents stored' },
    { atMs: NOW_MS, text: '2 documents stored' },
    { atMs: 900, text: 'closed' },
  ]);
});

test('what could not be asked is no news', async () => {
  const { watch, ticks, changes } = setup([sighted({ documents: 2 })], [sighted({ documents: null })]);
  await ticks(2);
  expect(changes).toHaveLength(1);
  expect(watch.seen.get('POL-1')?.documents).toBe(2);
});

test('who began first stands first, whatever the order of the list', async () => {
  const { ticks, looked } = setup([
    sighted({ clientUserId: 'POL-2', startedAtMs: 2 }),
    sighted({ clientUserId: 'POL-1', startedAtMs: 1 }),
  ]);
  await ticks(1);
  expect(looked[0]?.map(({ clientUserId }) => clientUserId)).toEqual(['POL-1', 'POL-2']);
});

test('a look that fails is told once, until one succeeds', async () => {
  const away = new Error('away');
  const { ticks, failures } = setup(away, away, [], away);
  await ticks(4);
  expect(failures).toEqual([away, away]);
});
