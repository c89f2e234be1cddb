import { tmpdir } from 'node:os';
import { readConfig } from '../../src/config';
import { DAY_MS, SECOND_MS } from '../../src/domain/policy';
import { ConfigurationError } from '../../src/process/configuration-fault';

const HERE = Object.fromEntries(
  ['AUTH', 'ADMIN', 'DATA'].map((name) => [`HUMAN_API_${name}_URL`, 'http://127.0.0.1:3002']),
);

/** What a worker makes of it: the retention in ms, or the names of the variables at fault. */
function setup(env: Record<string, string>) {
  const needed = { HUMAN_API_CLIENT_ID: 'id', HUMAN_API_CLIENT_SECRET: 'secret' };
  const chosen = { PAYLOAD_ENCRYPTION: 'off', REPORTS_ENCRYPTION: 'off' };
  try {
    return readConfig('worker', { ...needed, ...chosen, ...env }, tmpdir()).retentionMs;
  } catch (error) {
    if (error instanceof ConfigurationError) return error.faults.map(({ key }) => key);
    throw error;
  }
}

test('nothing is erased by age unless it is said after how long', () => {
  expect(setup({})).toBeNull();
  expect(setup({ REPORTS_RETENTION: 'off', AUDIT_LOG: 'off' })).toBeNull();
  expect(setup({ REPORTS_RETENTION: '2192d' })).toBe(2_192 * DAY_MS);
});

test.each(['never', '0d', '1500ms', '30', '-1d', 'OFF'])('REPORTS_RETENTION=%s is a fault', (REPORTS_RETENTION) => {
  expect(setup({ REPORTS_RETENTION })).toEqual(['REPORTS_RETENTION']);
});

test('less than a day is taken for a mistake, but on a machine that plays with itself', () => {
  expect(setup({ REPORTS_RETENTION: '1d' })).toBe(DAY_MS);
  expect(setup({ REPORTS_RETENTION: '23h' })).toEqual(['REPORTS_RETENTION']);
  expect(setup({ REPORTS_RETENTION: '2s', ...HERE })).toBe(2 * SECOND_MS);
});

test('what is erased by age has to stand in the audit log', () => {
  expect(setup({ REPORTS_RETENTION: '90d', AUDIT_LOG: ' Off' })).toEqual(['AUDIT_LOG']);
});
