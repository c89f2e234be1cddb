import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { RunRecord } from '../../src/dev/run-record';

describe('the lock of a data folder', () => {
  let folder: string;
  let messages: string[];
  const acquire = () => RunRecord.acquire(folder, (text) => messages.push(text));

  /** Leaves the record of a killed start with these processes. */
  async function leaveRecord(pids: Record<string, number>) {
    (await acquire()).note(pids);
    const file = path.join(folder, 'npm-start.json');
    const [, ...children] = JSON.parse(readFileSync(file, 'utf8'));
    writeFileSync(file, JSON.stringify([{ name: 'npm start', pid: process.pid, began: 'long ago' }, ...children]));
  }

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'dev-'));
    messages = [];
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test('rejects a second start while the first one runs, and names its process', async () => {
    const record = await acquire();
    await expect(acquire()).rejects.toThrow(`npm start already runs in this folder as process ${process.pid}`);
    record.release();
    (await acquire()).release();
    expect(readdirSync(folder)).toEqual([]);
  });

  test('stops the processes that a killed start left running', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true, stdio: 'ignore' });
    await once(child, 'spawn');
    const exited = once(child, 'exit');
    await leaveRecord({ temporal: child.pid ?? -1 });
    (await acquire()).release();
    expect(await exited).toEqual([null, 'SIGTERM']);
    expect(messages).toEqual([`stopping temporal (process ${child.pid}), which a killed npm start left running`]);
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
