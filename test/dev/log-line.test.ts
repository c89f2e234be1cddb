import { isReadyLine, toReadableLine } from '../../src/dev/log-line';

const TIME = new Date(2025, 3, 12, 15, 30, 12).toISOString();
const format = (fields: object) => toReadableLine(JSON.stringify(fields));

test('a log line is printed with local time, text and fields, without what the prefix contains', () => {
  const line = { level: 'info', time: TIME, process: 'worker', pid: 7, clientUserId: 'POL-1', count: 3, msg: 'stored' };
  expect(format(line)).toEqual({ text: '15:30:12 stored clientUserId=POL-1 count=3', isUrgent: false });
});

test('an error is urgent and named', () => {
  const line = { level: 'error', time: TIME, error: { name: 'E' }, msg: 'failed' };
  expect(format(line)).toEqual({ text: '15:30:12 error failed error={"name":"E"}', isUrgent: true });
  expect(format({ level: 'warn', msg: 'x' })?.isUrgent).toBe(false);
});

test.each([
  [{ level: 'debug' }, false],
  [{ level: 'info', sdkComponent: 'worker' }, false],
  [{ level: 'warn', sdkComponent: 'core' }, false],
  [{ level: 'warn', sdkComponent: 'activity' }, true],
  [{ level: 'error', sdkComponent: 'core' }, true],
])('a line with %j is printed: %s', (fields, isPrinted) => {
  expect(format(fields) !== null).toBe(isPrinted);
});

test.each(['plain text', '{ no json'])('%j, which is not JSON, is printed unchanged and is urgent', (text) => {
  expect(toReadableLine(text)).toEqual({ text, isUrgent: true });
});

test('control characters are replaced', () => {
  expect(toReadableLine('red \u001b[31mtext\u0007')?.text).toBe('red  [31mtext');
  expect(format({ level: 'info', msg: 'a\u001b]0;title\u0007b' })?.text).toBe('a ]0;title b');
});

test('a ready line is recognized by its event', () => {
  expect(isReadyLine('{"event":"ready","process":"worker","addresses":[]}')).toBe(true);
  for (const line of ['{"event":"notice-sent"}', 'null', 'ready']) expect(isReadyLine(line)).toBe(false);
});
