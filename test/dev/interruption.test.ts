import { EventEmitter } from 'node:events';
import { interruption } from '../../src/dev/interruption';

function setup() {
  const host = new EventEmitter();
  const clock = { ms: 0 };
  const insist = jest.fn();
  return { host, clock, insist, interrupted: interruption(host, insist, () => clock.ms) };
}

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'])('%s asks everything to end', async (signal) => {
  const { host, interrupted, insist } = setup();
  host.emit(signal);
  await interrupted;
  expect(insist).not.toHaveBeenCalled();
});

test('one Ctrl-C that arrives twice, from the terminal and from npm, is one', async () => {
  const { host, clock, insist, interrupted } = setup();
  host.emit('SIGINT');
  clock.ms = 100;
  host.emit('SIGINT');
  await interrupted;
  expect(insist).not.toHaveBeenCalled();
});

test('a second Ctrl-C by hand ends everything at once', () => {
  const { host, clock, insist } = setup();
  host.emit('SIGINT');
  clock.ms = 2_000;
  host.emit('SIGINT');
  expect(insist).toHaveBeenCalledTimes(1);
});
