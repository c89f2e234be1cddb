/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  testMatch: ['**/*.test.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2023' }, module: { type: 'commonjs' } },
    ],
    // ESM-only packages, and one that imports such a package: Node 20 can require() them, jest cannot.
    '^.+\\.js$': ['@swc/jest', { jsc: { target: 'es2023' }, module: { type: 'commonjs' } }],
  },
  transformIgnorePatterns: ['/node_modules/(?!(p-limit|yocto-queue|cookie|@fastify/cookie)/)'],
  testSequencer: '<rootDir>/test/support/order.cjs',
  // For two cores: tests spend much of their time waiting for other processes.
  maxWorkers: 4,
  testTimeout: 120_000,
};
