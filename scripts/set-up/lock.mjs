import { spawnSync } from 'node:child_process';
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { say } from './project.mjs';

// Short beside what is waited for (seconds), long beside what a look costs (a file read).
const LOOK_EVERY_MS = 100;
// Taking over a dead lock is three file calls; one that lasts longer was killed in between.
const TAKEOVER_LIMIT_MS = 10_000;

/**
 * Runs `work` while holding the lock file, which no two processes hold at once; the others wait, saying for what.
 * A holder that died is noticed by its pid and start time (a pid alone may have gone to someone else after a reboot).
 * `work` gets `share(pid)`: the lock then also lasts as long as that child, which may outlive a killed parent.
 */
export async function withLock(file, waitingFor, work) {
  mkdirSync(dirname(file), { recursive: true });
  await acquire(file, waitingFor);
  try {
    const share = (pid) => replace(file, [process.pid, pid]);
    return await work(share);
  } finally {
    rmSync(file, { force: true });
  }
}

async function acquire(file, waitingFor) {
  let told = false;
  while (!createWhole(file)) {
    const holders = read(file);
    if (holders === null) continue;
    const living = holders.split('\n').find(lives);
    if (living === undefined) {
      removeDead(file, holders);
      continue;
    }
    if (!told) say(`waiting for process ${living.split(' ')[0]}, which is ${waitingFor}`);
    told = true;
    await sleep(LOOK_EVERY_MS);
  }
}

// Of those that found the same dead holder one removes its lock; without the guard a slow one would remove its successor's.
function removeDead(file, seen) {
  const guard = `${file}.takeover`;
  if (!createWhole(guard)) {
    if (ageMs(guard) > TAKEOVER_LIMIT_MS) rmSync(guard, { force: true });
    return;
  }
  if (read(file) === seen) rmSync(file, { force: true });
  rmSync(guard, { force: true });
}

// A hard link appears with its content or not at all, and only if the name is free.
function createWhole(file) {
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, identify(process.pid));
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

function replace(file, pids) {
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, pids.map(identify).join('\n'));
  renameSync(draft, file);
}

function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    // Linux returns ESRCH if the process ends between the open and the read.
    if (error.code === 'ENOENT' || error.code === 'ESRCH') return null;
    throw error;
  }
}

function ageMs(file) {
  return Date.now() - (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
}

const identify = (pid) => `${pid} ${startOf(pid)}`;

function lives(identity) {
  const [pid] = identity.split(' ');
  return startOf(pid) !== 'gone' && identify(pid) === identity;
}

// Zombies count as gone: in a container without an init nobody collects them.
function startOf(pid) {
  if (process.platform === 'linux') {
    const [state, ...rest] = (read(`/proc/${pid}/stat`) ?? ') Z').split(') ').pop().split(' ');
    return state === 'Z' ? 'gone' : rest[18]; // proc(5): field 22, in clock ticks since boot
  }
  const asked = spawnSync('ps', ['-o', 'stat=', '-o', 'lstart=', '-p', String(pid)], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' },
  });
  const [state, ...start] = asked.stdout.trim().split(/\s+/);
  return state === '' || state.startsWith('Z') ? 'gone' : start.join('-');
}
