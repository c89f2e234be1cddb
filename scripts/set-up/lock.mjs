import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, utimes, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { log } from './project.mjs';

const POLL_EVERY_MS = 100;
const TOUCH_EVERY_MS = 1_000;
// Longer than any work blocks the holder's event loop, which touches the file.
const UNTOUCHED_LIMIT_MS = 10_000;

/**
 * Runs `work` while this process holds the lock file; other processes wait and print that the holder is doing `activity`.
 * A lock is stale if its process has ended, or if no one touches the file (the process id belongs to another process now).
 */
export async function withLock(file, activity, work) {
  const content = `${process.pid} ${randomUUID()}`;
  mkdirSync(dirname(file), { recursive: true });
  await acquire(file, activity, content);
  const touches = setInterval(() => utimes(file, new Date(), new Date(), () => {}), TOUCH_EVERY_MS);
  try {
    return await work();
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
    const pid = Number.parseInt(holder, 10);
    if (hasEnded(pid) || performance.now() - last.sinceMs > UNTOUCHED_LIMIT_MS) removeStale(file, holder);
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

function hasEnded(pid) {
  try {
    return pid > 0 && !process.kill(pid, 0);
  } catch (error) {
    return error.code === 'ESRCH';
  }
}

// Two processes may find the same stale lock: the slower one restores the lock that the faster one has created since.
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
