import { createBackgroundQueue } from '../../src/webhook/background-queue';
import { createKnownPersons } from '../../src/webhook/known-persons';

describe('the memory of confirmed persons', () => {
  test('forgets the one that was not used for the longest time', () => {
    const known = createKnownPersons(2);
    known.confirm('a', 'POL-a');
    known.confirm('b', 'POL-b');
    expect(known.clientUserIdOf('a')).toBe('POL-a');
    known.confirm('c', 'POL-c');
    expect(['a', 'b', 'c'].map((humanId) => known.clientUserIdOf(humanId))).toEqual(['POL-a', null, 'POL-c']);
  });

  test('takes the latest confirmation', () => {
    const known = createKnownPersons();
    known.confirm('a', 'POL-1');
    known.confirm('a', 'POL-2');
    expect(known.clientUserIdOf('a')).toBe('POL-2');
  });
});

describe('work in the background', () => {
  function setup(options: { capacity?: number; lanes?: number } = {}) {
    const begun: string[] = [];
    const ends = new Map<string, () => void>();
    const queue = createBackgroundQueue<string>({
      capacity: options.capacity ?? 10,
      lanes: options.lanes ?? 2,
      work: (piece) => {
        begun.push(piece);
        return new Promise((resolve) => ends.set(piece, resolve));
      },
    });
    const end = async (piece: string) => {
      ends.get(piece)?.();
      await new Promise(setImmediate);
    };
    return { queue, begun, end };
  }

  test('waits for the start, then runs a bounded number at a time', async () => {
    const { queue, begun, end } = setup();
    for (const piece of ['a', 'b', 'c']) queue.offer(piece, piece);
    expect(begun).toEqual([]);
    queue.start();
    queue.start();
    expect(begun).toEqual(['a', 'b']);
    await end('a');
    expect(begun).toEqual(['a', 'b', 'c']);
  });

  test('is done once for what is offered twice, and again after it ended', async () => {
    const { queue, begun, end } = setup();
    queue.offer('a', 'a');
    queue.offer('a', 'a');
    queue.start();
    queue.offer('a', 'a');
    queue.start();
    expect(begun).toEqual(['a']);
    await end('a');
    queue.offer('a', 'a');
    queue.start();
    expect(begun).toEqual(['a', 'a']);
  });

  test('is dropped where too much is waiting', () => {
    const { queue, begun } = setup({ capacity: 2, lanes: 10 });
    for (const piece of ['a', 'b', 'c']) queue.offer(piece, piece);
    queue.start();
    expect(begun).toEqual(['a', 'b']);
  });
});
