/** Writes one event with its figures; never bodies, tokens, e-mails or names. */
export type Log = (event: string, fields?: Readonly<Record<string, string | number>>) => void;

/** One JSON line an event on stderr: stdout belongs to the ready line. */
export const stderrLog: Log = (event, fields = {}) => {
  process.stderr.write(`${JSON.stringify({ time: new Date().toISOString(), process: 'sandbox', event, ...fields })}\n`);
};
