// The tests that need Chromium: npm run test:browser.
const { transform, transformIgnorePatterns } = require('./jest.config.js');

/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: 'node',
  roots: ['<rootDir>/test/browser'],
  testMatch: ['**/*.browser.ts'],
  transform,
  transformIgnorePatterns,
  // Chromium and its tab keep two cores busy.
  maxWorkers: 1,
  testTimeout: 30_000,
};
