import { isReadyLine, readable as read } from '../../src/dev/log-line';

const readable = (line: string) => read(line)?.text ?? null;

const at = (hours: number, minutes: number, seconds: number) =>
  new Date(2025, 3, 12, hours, minutes, seconds).toISOString();

describe('a log line for a person', () => {
  test('has the time of this machine, the text and the fields, without what the prefix says already', () => {
    const line = {
      level: 'info',
      time: at(15, 30, 12),
      process: 'worker',
      pid: 7,
      clientUserId: 'POL-1',
      count: 3,
      msg: 'stored',
    };
    expect(readable(JSON.stringify(line))).toBe('15:30:12 stored clientUserId=POL-1 count=3');
  });

  test('names a level that asks for attention', () => {
    expect(readable(JSON.stringify({ level: 'error', time: at(1, 2, 3), error: { name: 'E' }, msg: 'failed' }))).toBe(
      '01:02:03 error failed error={"name":"E"}',
    );
  });

  test("leaves details, and what Temporal's SDK tells of its own course, to the log file", () => {
    expect(readable(JSON.stringify({ level: 'debug', msg: 'x' }))).toBeNull();
    expect(readable(JSON.stringify({ level: 'info', sdkComponent: 'worker', msg: 'x' }))).toBeNull();
    expect(readable(JSON.stringify({ level: 'warn', sdkComponent: 'core', msg: 'x' }))).toBeNull();
    expect(readable(JSON.stringify({ level: 'warn', sdkComponent: 'activity', msg: 'x' }))).not.toBeNull();
    expect(readable(JSON.stringify({ level: 'error', sdkComponent: 'core', msg: 'x' }))).not.toBeNull();
  });

  test('is shown as it is where it is no JSON', () => {
    expect(readable('plain text')).toBe('plain text');
    expect(readable('{ no json')).toBe('{ no json');
  });

  test('does nothing to the terminal', () => {
    expect(readable('red \u001b[31mtext\u0007')).toBe('red  [31mtext');
    expect(readable(JSON.stringify({ level: 'info', msg: 'a\u001b]0;title\u0007b' }))).toBe('a ]0;title b');
  });
});

test('errors, and what is said to a person in plain words, are urgent', () => {
  const urgent = (line: string) => read(line)?.urgent;
  expect(urgent(JSON.stringify({ level: 'error', msg: 'x' }))).toBe(true);
  expect(urgent('fetching temporal ...')).toBe(true);
  expect(urgent(JSON.stringify({ level: 'warn', msg: 'x' }))).toBe(false);
});

test('a ready line is known by its event, whatever else is printed', () => {
  expect(isReadyLine('{"event":"ready","process":"worker","addresses":[]}')).toBe(true);
  expect(isReadyLine('{"event":"notice-sent"}')).toBe(false);
  expect(isReadyLine('null')).toBe(false);
  expect(isReadyLine('ready')).toBe(false);
});
