import fc from 'fast-check';

/**
 * fast-check with one seed, so that `npm test` runs the same cases each time. `PROPERTY_SEED` sets another one, as `npm run test:chaos` does, and
 * repeats a failure; `random`: a new seed for each property.
 */
const seed = process.env['PROPERTY_SEED'] ?? '20261122';
fc.configureGlobal({ ...(seed === 'random' ? {} : { seed: Number(seed) }) });

export { fc };
