const Sequencer = require('@jest/test-sequencer').default;

/** These start whole installations and take up to a minute. Started last, one would leave a core idle. */
const LONG = /[\\/]test[\\/](end-to-end|scripts|docs|privacy|simulation)[\\/]/;
/** The longest first. They wait most of the time, for stories, restarts and retries; at the same time they would leave the cores idle. */
const WAITING = [
  'chaos/kills',
  'end-to-end/npm-start',
  'chaos/restore',
  'chaos/lost-notices',
  'temporal/erasure',
  'workflows/rate-limits',
  'temporal/stuck',
  'chaos/disk-faults',
  'end-to-end/webhook-killed',
];
/** The number of other tests between two that wait. */
const BETWEEN = 16;

/**
 * Jest gives each free worker the next test, and on a fresh clone it orders them by file size. Here the long ones come first, with those that wait spread
 * among them, so that about one worker waits at a time.
 */
module.exports = class Order extends Sequencer {
  sort(tests) {
    const sorted = super.sort(tests);
    const waiting = WAITING.flatMap((name) => sorted.filter(({ path }) => nameOf(path) === name));
    const running = sorted.filter((test) => !waiting.includes(test));
    const busy = [...running.filter(({ path }) => LONG.test(path)), ...running.filter(({ path }) => !LONG.test(path))];
    const rounds = waiting.map((test, index) => [test, ...busy.slice(index * BETWEEN, (index + 1) * BETWEEN)]);
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
