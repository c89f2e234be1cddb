import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, utimes, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { log } from './project.mjs';

const POLL_EVERY_MS = 100;
const TOUCH_EVERY_MS = 1_000;
// Longer than any work blocks the holder's event loop, which touches the file.
const UNTOUCHED_LIMIT_MS = 10_000;
// Longer than a child works after its parent was killed.
const CHILD_LIMIT_MS = 600_000;

/**
 * Runs `work` while this process holds the lock file; other processes wait and print that the holder is doing `activity`.
 * `work` receives `hold(pid)`: the lock then also lasts as long as this child, which may outlive a killed parent. A lock is
 * stale if its processes have ended, or if no one touches the file (the process ids belong to other processes now).
 */
export async function withLock(file, activity, work) {
  let content = `${process.pid} ${randomUUID()}`;
  const hold = (pid) => {
    content += ` ${pid}`;
    writeFileSync(file, content);
  };
  mkdirSync(dirname(file), { recursive: true });
  await acquire(file, activity, content);
  const touches = setInterval(() => utimes(file, new Date(), new Date(), () => {}), TOUCH_EVERY_MS);
  try {
    return await work(hold);
  } finally {
    clearInterval(touches);
    if (read(file) === content) rmSync(file, { force: true });
  }
}

async function acquire(file, activity, content) {
  let isAnnounced = false;
  let last = { state: '', sinceMs: 0 };
  while (!create(file, content)) {
    const holder = read(file);
    const state = `${holder} ${statSync(file, { throwIfNoEntry: false })?.mtimeMs}`;
    if (state !== last.state) last = { state, sinceMs: performance.now() };
    const untouchedMs = performance.now() - last.sinceMs;
    const [parent, child] = pidsIn(holder);
    const isOrphaned = hasEnded(parent) || untouchedMs > UNTOUCHED_LIMIT_MS;
    const pid = isOrphaned ? child : parent;
    if (isOrphaned && (child === undefined || hasEnded(child) || untouchedMs > CHILD_LIMIT_MS))
      removeStale(file, holder);
    else {
      if (!isAnnounced && pid > 0) log(`waiting for process ${pid}, which is ${activity}`);
      isAnnounced ||= pid > 0;
      await sleep(POLL_EVERY_MS);
    }
  }
}

function create(file, content) {
  try {
    writeFileSync(file, content, { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

/** The content; empty if the file does not exist, or if its holder has not written it yet. */
function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return '';
    throw error;
  }
}

/** The pid of the holder, then that of its child. */
function pidsIn(content) {
  const [pid, _id, childPid] = content.split(' ');
  return [pid, childPid].filter(Boolean).map(Number);
}

function hasEnded(pid) {
  try {
    return pid > 0 && !process.kill(pid, 0);
  } catch (error) {
    return error.code === 'ESRCH';
  }
}

// Two processes may find the same stale lock: the slower one has taken the new lock of the faster one, and puts it back. A
// third that creates its own lock between the two renames works at the same time as the faster one.
function removeStale(file, content) {
  const removed = `${file}.${process.pid}`;
  try {
    renameSync(file, removed);
  } catch (error) {
    if (error.code === 'ENOENT') return;
    throw error;
  }
  if (read(removed) !== content && !existsSync(file)) renameSync(removed, file);
  rmSync(removed, { force: true });
}
