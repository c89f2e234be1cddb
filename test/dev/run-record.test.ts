import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { RunRecord } from '../../src/dev/run-record';
import { lives } from './processes-fixture';

describe('one start per data folder', () => {
  let folder: string;
  const told: string[] = [];
  const take = () => RunRecord.take(folder, (text) => told.push(text));
  /** Makes the record one of a start that is gone. */
  const orphan = (record: RunRecord, pids: Record<string, number>) => {
    record.note(pids);
    const file = path.join(folder, 'npm-start.json');
    const [, ...children] = JSON.parse(readFileSync(file, 'utf8'));
    writeFileSync(file, JSON.stringify([{ name: 'npm start', pid: process.pid, began: 'long ago' }, ...children]));
  };

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'dev-'));
    told.length = 0;
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test('a second start is refused while the first one runs, and told whom to end', async () => {
    const record = await take();
    await expect(take()).rejects.toThrow(`npm start already runs here, as process ${process.pid}`);
    record.release();
    (await take()).release();
  });

  test('what a killed start left running is ended by the next one', async () => {
    const left = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true, stdio: 'ignore' });
    await once(left, 'spawn');
    const gone = once(left, 'exit');
    orphan(await take(), { temporal: left.pid ?? -1 });
    const record = await take();
    await gone;
    expect(lives(left.pid ?? -1)).toBe(false);
    expect(told).toEqual([`temporal (process ${left.pid}) was left over by a start that was killed; ending it`]);
    record.release();
  });

  test('a process that only has the pid of one of ours is left alone', async () => {
    const record = await take();
    orphan(record, {});
    const file = path.join(folder, 'npm-start.json');
    const stranger = { name: 'temporal', pid: process.pid, began: 'before the reboot' };
    writeFileSync(file, JSON.stringify([stranger, stranger]));
    (await take()).release();
    expect(told).toEqual([]);
  });

  test('of two that begin at once one gets the folder, also after a killed start', async () => {
    orphan(await take(), {});
    const outcomes = await Promise.allSettled([take(), take(), take()]);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  test('nothing of it stays behind', async () => {
    (await take()).release();
    expect(existsSync(path.join(folder, 'npm-start.json'))).toBe(false);
    orphan(await take(), {});
    (await take()).release();
    expect(readdirSync(folder)).toEqual([]);
  });
});
