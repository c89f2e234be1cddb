// npm run test:browser: the tests that need Chromium, Java or Python.
const { transform, transformIgnorePatterns } = require('./jest.config.js');

/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: 'node',
  roots: ['<rootDir>/test/browser'],
  testMatch: ['**/*.browser.ts'],
  transform,
  transformIgnorePatterns,
  // Chromium and its tab use two cores.
  maxWorkers: 1,
  testTimeout: 120_000,
};
