import { type Sighting, Watch } from '../../src/dev/watch';

const invited: Sighting = { clientUserId: 'POL-1', stage: 'invited', outcome: null, reason: null, documents: 0 };

function setup(looks: readonly (readonly Sighting[] | Error)[]) {
  const changes: Sighting[] = [];
  const failures: unknown[] = [];
  const rest = [...looks];
  const look = async () => {
    const next = rest.shift();
    if (next instanceof Error) throw next;
    return next ?? [];
  };
  const watch = new Watch(look, { changed: (one) => changes.push(one), failing: (error) => failures.push(error) });
  return {
    watch,
    changes,
    failures,
    lookAtAll: async () => {
      for (const _ of looks) await watch.tick();
    },
  };
}

test('an applicant is told when it appears and at each change, and not in between', async () => {
  const engaged: Sighting = { ...invited, stage: 'engaged' };
  const { changes, lookAtAll } = setup([[invited], [invited], [engaged], [engaged]]);
  await lookAtAll();
  expect(changes).toEqual([invited, engaged]);
});

test.each<Partial<Sighting>>([{ stage: 'syncing' }, { outcome: 'failed' }, { reason: 'conflict' }, { documents: 1 }])(
  'a change of one thing is a change: %o',
  async (change) => {
    const { changes, lookAtAll } = setup([[invited], [{ ...invited, ...change }]]);
    await lookAtAll();
    expect(changes).toHaveLength(2);
  },
);

test('documents that could not be asked for are no news, and those known before are kept', async () => {
  const { watch, changes, lookAtAll } = setup([[{ ...invited, documents: 3 }], [{ ...invited, documents: null }]]);
  await lookAtAll();
  expect(changes).toHaveLength(1);
  expect(watch.seen.get('POL-1')?.documents).toBe(3);
});

test('looks that fail in a row are told once, and what comes after them is seen', async () => {
  const { changes, failures, lookAtAll } = setup([new Error('down'), new Error('down'), [invited], new Error('again')]);
  await lookAtAll();
  expect(failures).toHaveLength(2);
  expect(changes).toEqual([invited]);
});
