import { createLogger } from '../../src/observability/log';

function setup(level = 'info') {
  const lines: string[] = [];
  const log = createLogger({ process: 'webhook', level }, { write: (line: string) => lines.push(line) });
  return { log, lines, last: () => JSON.parse(lines.at(-1) ?? 'null') };
}

describe('the log', () => {
  test('writes one JSON object per line, with process, level and an ISO time', () => {
    const { log, last } = setup();
    log.info({ count: 2 }, 'took notices');
    expect(last()).toMatchObject({ level: 'info', process: 'webhook', count: 2, msg: 'took notices' });
    expect(new Date(last().time).toISOString()).toBe(last().time);
  });

  test.each<[string, (log: ReturnType<typeof createLogger>, error: Error) => void]>([
    ['alone', (log, error) => log.error(error)],
    ['alone with a text', (log, error) => log.error(error, 'failed')],
    ['under a name', (log, error) => log.error({ why: error }, 'failed')],
    ['as pino spells it', (log, error) => log.error({ err: error }, 'failed')],
    ['in a child logger', (log, error) => log.child({ part: 'x' }).error({ error }, 'failed')],
    ['as an argument of the text', (log, error) => log.error('failed: %s', error)],
  ])('never shows the message or stack of an error that is logged %s', (_how, write) => {
    const { log, lines } = setup();
    const error = new Error('no such user max@example.org', { cause: new Error('Max Muster') });
    write(log, error);
    expect(lines).toHaveLength(1);
    expect(lines.join()).not.toMatch(/max@|Muster|at Object|\.ts:/);
    expect(lines.join()).toContain('Error');
  });

  test('shows the type of an unknown field and of a value that is not plain, also in a child logger', () => {
    const { log, lines, last } = setup();
    const fields = {
      email: 'max@example.org',
      born: 19_800_203,
      clientUserId: { of: 'max@example.org' },
      humanId: 'h1',
    };
    log.child({ patient: 'Max Muster' }).info({ ...fields, to: ['a', { b: 'Muster' }], why: null }, 'text');
    const shown = { email: '<string>', born: '<number>', clientUserId: '<object>', humanId: 'h1', patient: '<string>' };
    expect(last()).toMatchObject({ ...shown, to: ['a', '<object>'], why: null });
    log.info({ why: 'max@example.org '.repeat(20) }, 'text');
    expect(last().why).toBe('<string>');
    // The process id and the time may hold any digits.
    const stable = lines.map((line) => JSON.stringify({ ...JSON.parse(line), pid: 0, time: 0 }));
    expect(stable.join()).not.toMatch(/max@|Muster|1980/);
  });

  test('shows the number of secrets, but not the secrets', () => {
    const { log, lines, last } = setup();
    log.info({ secrets: 2 }, 'text');
    expect(last().secrets).toBe(2);
    log.info({ secrets: ['hush'] }, 'text');
    expect(lines.join()).not.toMatch(/hush/);
  });

  test('omits lines below its level', () => {
    const { log, lines } = setup('warn');
    log.info('quiet');
    expect(lines).toEqual([]);
  });
});
