import { DEAF, FRAIL, lives, member, OBEDIENT, supervised, until } from './processes-fixture';

describe('keeping processes running', () => {
  let home: ReturnType<typeof supervised>;
  beforeEach(() => {
    home = supervised();
  });
  afterEach(() => home.close());

  test('a member has come up when its ready line was heard, and what it prints is heard and kept', async () => {
    await home.supervisor.start(member('worker', OBEDIENT));
    expect(lives(home.pid('worker'))).toBe(true);
    expect(home.lines).toEqual([`worker: ${home.log('worker').trim()}`]);
    expect(home.log('worker')).toBe('{"event":"ready","process":"x","addresses":[]}\n');
  });

  test("a terminal's Ctrl-C does not reach a member: it leads a process group of its own", async () => {
    await home.supervisor.start(member('worker', OBEDIENT));
    expect(lives(-home.pid('worker'))).toBe(true);
  });

  test('a member that says nothing of itself is asked until it answers', async () => {
    let asked = 0;
    const serves = async () => {
      asked += 1;
      if (asked < 3) throw new Error('not yet');
    };
    await home.supervisor.start(member('temporal', 'setInterval(() => {}, 1000)', { serves }));
    expect(asked).toBe(3);
  });

  test('who is started last ends first, each after its drain', async () => {
    await home.supervisor.start(member('sandbox', OBEDIENT));
    await home.supervisor.start(member('worker', OBEDIENT));
    await home.supervisor.start(member('webhook', OBEDIENT));
    home.lines.length = 0;
    await home.supervisor.stop();
    expect(home.lines).toEqual(['webhook: draining', 'worker: draining', 'sandbox: draining']);
    expect(['sandbox', 'worker', 'webhook'].map((name) => lives(home.pid(name)))).toEqual([false, false, false]);
    expect(home.events).toEqual([]);
  });

  test('who does not end in its time is killed, and that is said', async () => {
    await home.supervisor.start(member('worker', DEAF, { graceMs: 200 }));
    // The grace period ends after the member has received the signal, because a busy machine may deliver it late.
    const timer = jest.spyOn(global, 'setTimeout');
    timer.mockImplementationOnce(((over: () => void) => {
      void until(() => home.log('worker').includes('not yet')).then(over);
    }) as typeof setTimeout);
    const stopped = home.supervisor.stop();
    expect(timer).toHaveBeenCalledWith(expect.any(Function), 200);
    timer.mockRestore();
    await stopped;
    expect(lives(home.pid('worker'))).toBe(false);
    expect(home.log('worker')).toContain('not yet');
    expect(home.events).toEqual(['worker had not ended 0.2 s after SIGTERM and was killed']);
  });

  test('a member that ends before it serves is named with its exit status and its log', async () => {
    const began = home.supervisor.start(member('worker', 'process.exit(2)'));
    await expect(began).rejects.toThrow(/^worker did not come up: it ended: exit status 2\. Its log: .*worker\.log$/);
  });

  test('a program that is not there is named with the reason', async () => {
    const began = home.supervisor.start(member('temporal', '', { program: '/there/is/no/such/program' }));
    await expect(began).rejects.toThrow(/^temporal did not come up: it ended: could not be started \(ENOENT\)/);
  });

  test('a member that never serves is given up', async () => {
    const began = home.supervisor.start(member('worker', 'setInterval(() => {}, 1000)', { readyWithinMs: 300 }));
    await expect(began).rejects.toThrow(/^worker did not come up: it was not ready after 0.3 s/);
    await home.supervisor.stop();
    expect(lives(home.pid('worker'))).toBe(false);
  });

  test('a member that may be restarted is, and its end is told with exit status and log', async () => {
    await home.supervisor.start(member('webhook', FRAIL, { ifLost: 'restart' }));
    const first = home.pid('webhook');
    await until(() => home.pid('webhook') !== first);
    expect(home.events[0]).toMatch(
      /^webhook ended unexpectedly: exit status 7\. Its log: .*webhook\.log\. Started again in 1 s\.$/,
    );
    expect(home.log('webhook')).toContain('broken');
  });

  test('the end of a member that must not end is told to who waits, with its last lines if they were kept back', async () => {
    await home.supervisor.start(member('temporal', FRAIL, { quiet: true }));
    await expect(home.supervisor.lost).rejects.toThrow(/^temporal ended unexpectedly: exit status 7\. Its log: /);
    expect(home.lines).toContain('temporal: broken');
  });

  test('nobody is started again once the end has begun', async () => {
    await home.supervisor.start(member('webhook', FRAIL, { ifLost: 'restart' }));
    await until(() => home.events.length > 0);
    const first = home.pid('webhook');
    await home.supervisor.stop();
    expect(home.pid('webhook')).toBe(first);
    await expect(home.supervisor.start(member('worker', OBEDIENT))).rejects.toThrow('everything is being stopped');
  });

  test('the kill of the last moment leaves nobody', async () => {
    await home.supervisor.start(member('worker', DEAF));
    home.supervisor.kill();
    await until(() => !lives(home.pid('worker')));
  });
});

describe('an errand', () => {
  test('gives what it printed, and reads what it is given', async () => {
    const home = supervised();
    const echo = member('starter', 'process.stdin.pipe(process.stdout); console.error("said aside")');
    const { ending, printed } = await home.supervisor.errand('starter', { ...echo, stdin: 'one\ntwo\n' });
    expect(ending).toEqual({ status: 0, signal: null });
    expect(printed).toEqual(['one', 'two']);
    expect(home.lines).toEqual(['starter: said aside']);
    await home.close();
  });

  test('is ended with everything else', async () => {
    const home = supervised();
    const errand = home.supervisor.errand(
      'set-up',
      member('set-up', 'console.error("begun"); setInterval(() => {}, 1000)'),
    );
    await until(() => home.lines.length > 0);
    await home.supervisor.stop();
    expect((await errand).ending).toEqual({ status: null, signal: 'SIGTERM' });
    await home.close();
  });
});
