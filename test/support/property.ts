import fc from 'fast-check';

/**
 * fast-check, with one seed for all: a landing must not hang on luck, so `npm test` runs the same cases each time. `PROPERTY_SEED=random` (or a
 * number, to repeat a failure) looks further, as `npm run test:chaos` does.
 */
const given = process.env['PROPERTY_SEED'] ?? '20261122';
fc.configureGlobal({ ...(given === 'random' ? {} : { seed: Number(given) }) });

export { fc };
