/** The fields of an event. */
export type Fields = Readonly<Record<string, string | number>>;

/** Logs an event; never bodies, tokens, e-mails or names. `debug`: normal operation. */
export type Log = (event: string, fields?: Fields, level?: 'debug' | 'info' | 'warn') => void;

/** Writes one JSON line per event to stderr; stdout contains the ready line only. */
export const stderrLog: Log = (event, fields = {}, level = 'info') => {
  const line = { time: new Date().toISOString(), level, process: 'sandbox', event, ...fields };
  process.stderr.write(`${JSON.stringify(line)}\n`);
};
