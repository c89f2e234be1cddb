/**
 * Returns the result of `work`, or of `late` if `work` is still pending at `untilMs` (ms since 1970). A rejection of `work` or an error of `late`
 * is thrown. `work` continues after `untilMs`.
 */
export async function withDeadline<T, L>(work: Promise<T>, untilMs: number, late: () => L): Promise<T | L> {
  let timer: NodeJS.Timeout | undefined;
  const timeUp = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, untilMs - Date.now());
  });
  return Promise.race([work, timeUp.then(late)]).finally(() => clearTimeout(timer));
}
