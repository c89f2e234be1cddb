// npm run test:chaos [-- --seed <number>] [--rounds <number>] [files]: runs the randomized tests of `npm test` longer and with
// a random seed. `--seed` repeats a run.
import { parseArgs } from 'node:util';

const FILES = [
  'test/chaos',
  'test/domain',
  'test/simulation',
  'test/end-to-end/webhook',
  'test/end-to-end/api-starts',
  'test/workflows/flood',
];

const { values, positionals } = parseArgs({
  options: { seed: { type: 'string' }, rounds: { type: 'string', default: '3' } },
  allowPositionals: true,
});
const seed = values.seed ?? String(Math.trunc(Math.random() * 2 ** 31));
process.env.CHAOS_SEED = seed;
process.env.CHAOS_ROUNDS = values.rounds;
process.env.PROPERTY_SEED = seed;
// A round takes about three minutes on an idle machine.
process.env.SIMULATION_CASES = String(2_000 * Number(values.rounds));
process.env.FLOOD_SIGNALS = '10000';
process.env.WEBHOOK_KILLS = String(3 * Number(values.rounds));
process.env.WEBHOOK_KILLS_SEED = seed;
process.env.API_KILLS = '100';
process.env.API_KILLS_SEED = seed;
process.stderr.write(
  `chartway: seed ${seed}, ${values.rounds} rounds; repeat with -- --seed ${seed} --rounds ${values.rounds}\n`,
);

process.argv.splice(2, process.argv.length, ...(positionals.length > 0 ? positionals : FILES));
await import('./test.mjs');
