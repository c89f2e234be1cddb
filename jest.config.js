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
    // ESM-only packages that Node 20's require() takes and jest's does not.
    '^.+\\.js$': ['@swc/jest', { jsc: { target: 'es2023' }, module: { type: 'commonjs' } }],
  },
  transformIgnorePatterns: ['/node_modules/(?!(p-limit|yocto-queue|content-disposition|cookie)/)'],
  testSequencer: '<rootDir>/test/support/order.cjs',
  // Two cores: three tests that wait for other processes half of their time keep them busy, beside one that hardly does anything but wait.
  maxWorkers: 4,
  testTimeout: 30_000,
};
