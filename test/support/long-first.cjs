const Sequencer = require('@jest/test-sequencer').default;

/** What starts whole installations takes up to a minute and a half: begun last, it would leave a core idle for as long. */
const LONG = /[\\/]test[\\/](end-to-end|scripts|chaos|docs|privacy|simulation)[\\/]/;

/** On a fresh clone jest knows no durations and goes by the size of the files: the long ones first, then as it would. */
module.exports = class LongFirst extends Sequencer {
  sort(tests) {
    const sorted = super.sort(tests);
    return [...sorted.filter(({ path }) => LONG.test(path)), ...sorted.filter(({ path }) => !LONG.test(path))];
  }
};
