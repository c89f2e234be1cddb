import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { RunRecord } from '../../src/dev/run-record';
import { killCommands, spawnCommand } from '../support/command';
import { useFolders } from '../support/folders';

describe('the lock of a data folder', () => {
  afterAll(killCommands);
  const newFolder = useFolders();
  let folder: string;
  let messages: string[];
  const acquire = () => RunRecord.acquire(folder, (text) => messages.push(text));

  /** Leaves the record of a killed start with these processes. */
  async function leaveRecord(pids: Record<string, number>) {
    (await acquire()).recordPids(pids);
    const file = path.join(folder, 'npm-start.json');
    const [, ...children] = JSON.parse(readFileSync(file, 'utf8'));
    writeFileSync(file, JSON.stringify([{ name: 'npm start', pid: process.pid, began: 'long ago' }, ...children]));
  }

  beforeEach(async () => {
    folder = await newFolder();
    messages = [];
  });

  test('rejects a second start while the first one runs, and names its process', async () => {
    const record = await acquire();
    await expect(acquire()).rejects.toThrow(`npm start already runs in this folder as process ${process.pid}`);
    record.release();
    (await acquire()).release();
    expect(readdirSync(folder)).toEqual([]);
  });

  async function spawnNode(script: string) {
    const loop = "setInterval(() => {}, 1000); console.log('ready')";
    const command = spawnCommand([process.execPath, '-e', `${script}; ${loop}`]);
    await command.waitForOutput('ready');
    return command;
  }

  test('stops the processes that a killed start left running, the last started first, but none that has ended', async () => {
    const first = await spawnNode('');
    const second = await spawnNode('');
    // Its end takes the second process with it.
    const third = await spawnNode(`process.on('SIGTERM', () => {
      process.kill(${second.pid}, 'SIGKILL');
      setInterval(() => { try { process.kill(${second.pid}, 0) } catch { process.exit() } }, 20);
    })`);
    await leaveRecord({ temporal: first.pid, worker: second.pid, webhook: third.pid });
    (await acquire()).release();
    expect(await Promise.all([first, second, third].map(({ exited }) => exited))).toEqual([null, null, 0]);
    expect([first, second].map(({ child }) => child.signalCode)).toEqual(['SIGTERM', 'SIGKILL']);
    const stopped = (name: string, { pid }: { pid: number }) =>
      `stopping ${name} (process ${pid}), which a killed npm start left running`;
    expect(messages).toEqual([stopped('webhook', third), stopped('temporal', first)]);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('does not stop another process that has the pid of a recorded one', async () => {
    const other = { name: 'temporal', pid: process.pid, began: 'before the reboot' };
    writeFileSync(path.join(folder, 'npm-start.json'), JSON.stringify([other, other]));
    (await acquire()).release();
    expect(messages).toEqual([]);
  });

  test('is acquired by one of several concurrent starts, also after a killed start', async () => {
    await leaveRecord({});
    const results = await Promise.allSettled([acquire(), acquire(), acquire()]);
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });
});
