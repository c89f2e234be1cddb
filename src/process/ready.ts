/**
 * Prints the one line by which a supervisor knows that a process serves: `{"event":"ready","process":"webhook","addresses":[...]}`.
 * `addresses` are the URLs it listens on; a process without any gives none.
 */
export function announceReady(
  processName: string,
  addresses: readonly string[],
  out: Pick<NodeJS.WritableStream, 'write'> = process.stdout,
): void {
  out.write(`${JSON.stringify({ event: 'ready', process: processName, addresses })}\n`);
}
