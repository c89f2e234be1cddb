import { Turns } from '../../src/cli/turns';

/** Work that ends when it is told to, and says when it began. */
function held(began: string[], name: string) {
  let end = () => {};
  const ended = new Promise<string>((resolve) => {
    end = () => resolve(name);
  });
  return {
    work: () => {
      began.push(name);
      return ended;
    },
    end: () => end(),
  };
}

test('work under one key begins in the order it came, however long the first takes', async () => {
  const began: string[] = [];
  const turns = new Turns();
  const [first, second, other] = ['first', 'second', 'other'].map((name) => held(began, name)) as [
    ReturnType<typeof held>,
    ReturnType<typeof held>,
    ReturnType<typeof held>,
  ];
  const all = Promise.all([
    turns.take('POL-1', first.work),
    turns.take('POL-1', second.work),
    turns.take('POL-2', other.work),
  ]);
  other.end();
  second.end();
  await turns.take('POL-3', async () => 'later');
  expect(began).toEqual(['first', 'other']);
  first.end();
  expect(await all).toEqual(['first', 'second', 'other']);
  expect(began).toEqual(['first', 'other', 'second']);
});

test('work that failed does not keep the next from its turn', async () => {
  const turns = new Turns();
  const failed = turns.take('POL-1', () => Promise.reject(new Error('x')));
  const next = turns.take('POL-1', async () => 'done');
  await expect(failed).rejects.toThrow('x');
  expect(await next).toBe('done');
});
