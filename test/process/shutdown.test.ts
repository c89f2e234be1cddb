import { EventEmitter, once } from 'node:events';
import { onShutdown } from '../../src/process/shutdown';

function setup(close: () => Promise<void>, graceMs = 60_000) {
  const host = Object.assign(new EventEmitter(), {
    nowMs: 0,
    codes: [] as number[],
    killed: [] as unknown[],
    pid: 77,
    kill: (...signal: unknown[]): void => void host.killed.push(signal),
    hasFiles: false,
    getActiveResourcesInfo: (): string[] => (host.hasFiles ? ['Timeout', 'FSReqPromise'] : ['Timeout']),
    exit(code: number) {
      host.codes.push(code);
      host.emit('exited');
    },
  });
  onShutdown(close, { graceMs, process: host, nowMs: () => host.nowMs });
  return host;
}

describe('a signal', () => {
  test.each(['SIGTERM', 'SIGINT'])('%s drains, then exits with 0', async (signal) => {
    let closed = 0;
    const host = setup(async () => {
      closed += 1;
    });
    host.emit(signal);
    await once(host, 'exited');
    expect([closed, host.codes]).toEqual([1, [0]]);
  });

  test('a second one exits at once, without a second drain', () => {
    let closed = 0;
    const host = setup(() => {
      closed += 1;
      return new Promise(() => {});
    }, 1);
    host.emit('SIGINT');
    host.nowMs = 501;
    host.emit('SIGTERM');
    expect([closed, host.codes]).toEqual([1, [1]]);
  });

  test('one Ctrl-C that arrives twice, from the terminal and from npm, does not interrupt the drain', () => {
    const host = setup(() => new Promise(() => {}), 1);
    host.emit('SIGINT');
    host.nowMs = 400;
    host.emit('SIGINT');
    expect(host.codes).toEqual([]);
  });

  test('a drain that takes too long exits with 1', async () => {
    const host = setup(() => new Promise(() => {}), 5);
    host.emit('SIGTERM');
    await once(host, 'exited');
    expect(host.codes).toEqual([1]);
  });

  test.each([
    ['a call that ends', 'exits with 0', 500, { codes: [0], killed: [] }],
    ['a call that does not end', 'kills the process', 60_000, { codes: [], killed: [[77, 'SIGKILL']] }],
  ])('a drain with %s of the file system %s', async (_what, _how, endsMs, end) => {
    jest.useFakeTimers();
    const host = setup(async () => {});
    host.hasFiles = true;
    setTimeout(() => Object.assign(host, { hasFiles: false }), endsMs);
    setInterval(() => Object.assign(host, { nowMs: host.nowMs + 10 }), 10);
    host.emit('SIGTERM');
    await jest.advanceTimersByTimeAsync(1_500);
    expect(host).toMatchObject(end);
    jest.useRealTimers();
  });

  test('a drain that fails exits with 1', async () => {
    const host = setup(() => Promise.reject(new Error('x')));
    host.emit('SIGTERM');
    await once(host, 'exited');
    expect(host.codes).toEqual([1]);
  });
});
