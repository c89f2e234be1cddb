import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type Service, Supervisor } from '../../src/dev/supervisor';
import { until } from '../support/condition';
import { useFolders } from '../support/folders';
import { isRunning } from './fixture';

const READY = "console.log(JSON.stringify({ event: 'ready', process: 'x', addresses: [] }));";
const RUN = 'setInterval(() => {}, 1000);';
const DRAINS = `process.on('SIGTERM', () => { console.log('draining'); process.exit(0); }); ${RUN} ${READY}`;
const IGNORES_SIGTERM = `process.on('SIGTERM', () => console.log('not yet')); ${RUN} ${READY}`;
const BREAKS = `${READY} setTimeout(() => { console.error('broken'); process.exit(7); }, 50);`;

const newFolder = useFolders();
let folder: string;
let supervisor: Supervisor;
let lines: string[];
let messages: string[];
let pids: Readonly<Record<string, number>>;

beforeEach(async () => {
  folder = await newFolder();
  [lines, messages, pids] = [[], [], {}];
  supervisor = new Supervisor(folder, {
    line: (name, line) => lines.push(`${name}: ${line}`),
    message: (text) => messages.push(text),
    runningPids: (running) => {
      pids = running;
    },
  });
});
afterEach(async () => {
  supervisor.kill();
  await supervisor.stop();
});

/** A service that runs a piece of JavaScript. */
function service(name: string, script: string, changes: Partial<Service> = {}): Service {
  return {
    name,
    program: process.execPath,
    args: ['-e', script],
    env: process.env,
    checkReady: null,
    readyWithinMs: 60_000,
    graceMs: 10_000,
    quiet: false,
    onExit: 'end',
    ...changes,
  };
}
const start = (...args: Parameters<typeof service>) => supervisor.start(service(...args));
const pidOf = (name: string) => pids[name] ?? -1;
const logOf = (name: string) => readFileSync(path.join(folder, `${name}.log`), 'utf8');

describe('a service', () => {
  test('has started when it prints its ready line; its output is reported and logged; it has its own process group', async () => {
    await start('worker', DRAINS);
    // The group keeps Ctrl-C of the terminal away from it.
    expect(isRunning(-pidOf('worker'))).toBe(true);
    expect(lines).toEqual([`worker: ${logOf('worker').trim()}`]);
    expect(logOf('worker')).toBe('{"event":"ready","process":"x","addresses":[]}\n');
  });

  test('without a ready line is polled until it is ready', async () => {
    let polls = 0;
    const checkReady = async () => {
      polls += 1;
      if (polls < 3) throw new Error('not yet');
    };
    await start('temporal', RUN, { checkReady });
    expect(polls).toBe(3);
  });

  test.each<[string, string, Partial<Service>, RegExp]>([
    ['ends', 'process.exit(2)', {}, /^worker did not start: it ended: exit status 2\. Its log: .*worker\.log$/],
    ['does not exist', '', { program: '/no/such/program' }, /could not be started \(ENOENT\)/],
    ['does not become ready', RUN, { readyWithinMs: 300 }, /^worker did not start: it was not ready after 0.3 s/],
  ])('that %s is reported with the reason', async (_, script, changes, message) => {
    await expect(start('worker', script, changes)).rejects.toThrow(message);
  });

  test('is restarted after an exit, with a message that names the exit status and the log', async () => {
    await start('webhook', BREAKS, { onExit: 'restart' });
    const first = pidOf('webhook');
    await until('a restart', () => pidOf('webhook') !== first);
    expect(messages[0]).toMatch(
      /^webhook ended unexpectedly: exit status 7\. Its log: .*webhook\.log\. It restarts in 1 s\.$/,
    );
    expect(logOf('webhook')).toContain('broken');
  });

  test('that must not exit ends npm start; the last lines of a quiet one are printed', async () => {
    await start('temporal', BREAKS, { quiet: true });
    await expect(supervisor.failure).rejects.toThrow(/^temporal ended unexpectedly: exit status 7\. Its log: /);
    expect(lines).toContain('temporal: broken');
  });
});

describe('the end', () => {
  test('drains the services one after the other, the last started first', async () => {
    for (const name of ['sandbox', 'worker', 'webhook']) await start(name, DRAINS);
    lines.length = 0;
    await supervisor.stop();
    expect(lines).toEqual(['webhook: draining', 'worker: draining', 'sandbox: draining']);
    expect(Object.values(pids).filter(isRunning)).toEqual([]);
    expect(messages).toEqual([]);
  });

  test('kills a service that does not end in time, with a message', async () => {
    await start('worker', IGNORES_SIGTERM, { graceMs: 200 });
    // A busy machine may deliver the signal late: the grace period ends after the service has received it.
    const timer = jest.spyOn(global, 'setTimeout');
    timer.mockImplementationOnce(((onTimeout: () => void) => {
      void until('the signal', () => logOf('worker').includes('not yet')).then(onTimeout);
    }) as typeof setTimeout);
    const stopped = supervisor.stop();
    expect(timer).toHaveBeenCalledWith(expect.any(Function), 200);
    timer.mockRestore();
    await stopped;
    expect(isRunning(pidOf('worker'))).toBe(false);
    expect(messages).toEqual(['worker did not end within 0.2 s of SIGTERM and was killed']);
  });

  test('cancels restarts and rejects starts', async () => {
    await start('webhook', BREAKS, { onExit: 'restart' });
    await until('the exit', () => messages.length > 0);
    const first = pidOf('webhook');
    await supervisor.stop();
    expect(pidOf('webhook')).toBe(first);
    await expect(start('worker', DRAINS)).rejects.toThrow('all services are stopping');
  });

  test('by kill leaves no process', async () => {
    await start('worker', IGNORES_SIGTERM);
    supervisor.kill();
    await until('the kill', () => !isRunning(pidOf('worker')));
  });
});

describe('a program that runs once', () => {
  test('gets its input and returns its output', async () => {
    const script = 'process.stdin.pipe(process.stdout); console.error("a message")';
    const { exit, output } = await supervisor.runToEnd('starter', {
      ...service('starter', script),
      stdin: 'one\ntwo\n',
    });
    expect(exit).toEqual({ status: 0, signal: null });
    expect(output).toEqual(['one', 'two']);
    expect(lines).toEqual(['starter: a message']);
  });

  test('is stopped with the services', async () => {
    const run = supervisor.runToEnd('set-up', service('set-up', `console.error("started"); ${RUN}`));
    await until('the start', () => lines.length > 0);
    await supervisor.stop();
    expect((await run).exit).toEqual({ status: null, signal: 'SIGTERM' });
  });
});
