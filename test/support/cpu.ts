/** CPU time of this process during the work, in ms. Other processes do not change it much. */
export async function cpuMs<T>(work: () => Promise<T>): Promise<[result: T, cpuMs: number]> {
  const before = process.cpuUsage();
  const result = await work();
  const { user, system } = process.cpuUsage(before);
  return [result, (user + system) / 1_000];
}
