/** What an event tells besides its name. */
export type Fields = Readonly<Record<string, string | number>>;

/** Writes one event with its figures; never bodies, tokens, e-mails or names. `debug`: what only says that all goes its way. */
export type Log = (event: string, fields?: Fields, level?: 'debug' | 'info' | 'warn') => void;

/** One JSON line an event on stderr: stdout belongs to the ready line. */
export const stderrLog: Log = (event, fields = {}, level = 'info') => {
  const line = { time: new Date().toISOString(), level, process: 'sandbox', event, ...fields };
  process.stderr.write(`${JSON.stringify(line)}\n`);
};
