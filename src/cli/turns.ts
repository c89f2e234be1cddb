/** Runs work under the same key one after the other, in the order it came; work under different keys side by side. */
export class Turns {
  private readonly last = new Map<string, Promise<unknown>>();

  async take<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.last.get(key) ?? Promise.resolve();
    const mine = before.then(work, work);
    this.last.set(key, mine);
    try {
      return await mine;
    } finally {
      // Only what is under way is kept: a file may name a million.
      if (this.last.get(key) === mine) this.last.delete(key);
    }
  }
}
