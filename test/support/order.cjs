const Sequencer = require('@jest/test-sequencer').default;

/** What starts whole installations takes up to a minute: begun last, it would leave a core idle for as long. */
const LONG = /[\\/]test[\\/](end-to-end|scripts|docs|privacy|simulation)[\\/]/;
/** The longest first. They wait most of the time, for stories, restarts and retries: beside each other they would leave the cores idle. */
const WAITING = [
  'chaos/kills',
  'end-to-end/npm-start',
  'chaos/restore',
  'chaos/lost-notices',
  'temporal/erasure',
  'end-to-end/after-closing',
  'workflows/outage',
  'temporal/stuck',
  'chaos/disk-faults',
  'end-to-end/webhook-killed',
];
/** Of the others, how many come between one that waits and the next: those at the end of the order are as short as they are many. */
const BETWEEN = 16;

/**
 * Jest gives each worker that is free the next test. On a fresh clone it knows no durations and goes by the size of the files: here the long ones
 * come first, and those that wait are dealt out among them, so that about one worker has one of them.
 */
module.exports = class Order extends Sequencer {
  sort(tests) {
    const sorted = super.sort(tests);
    const waiting = WAITING.flatMap((name) => sorted.filter(({ path }) => nameOf(path) === name));
    const others = sorted.filter((test) => !waiting.includes(test));
    const busy = [...others.filter(({ path }) => LONG.test(path)), ...others.filter(({ path }) => !LONG.test(path))];
    const rounds = waiting.map((test, at) => [test, ...busy.slice(at * BETWEEN, (at + 1) * BETWEEN)]);
    return [...rounds.flat(), ...busy.slice(waiting.length * BETWEEN)];
  }
};

function nameOf(path) {
  return path
    .split(/[\\/]/)
    .slice(-2)
    .join('/')
    .replace(/\.test\.ts$/, '');
}
