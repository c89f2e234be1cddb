import { readConfig } from '../../src/config';
import { DAY_MS, SECOND_MS } from '../../src/domain/policy';
import { readFaults } from '../support/configuration';

const ON_THIS_MACHINE = Object.fromEntries(
  ['AUTH', 'ADMIN', 'DATA'].map((name) => [`HUMAN_API_${name}_URL`, 'http://127.0.0.1:3002']),
);

/** Returns a worker's retention in ms, or the names of the variables at fault. */
function readRetention(env: Record<string, string>) {
  const required = { HUMAN_API_CLIENT_ID: 'id', HUMAN_API_CLIENT_SECRET: 'secret' };
  const encryption = { PAYLOAD_ENCRYPTION: 'off', REPORTS_ENCRYPTION: 'off' };
  const all = { ...required, ...encryption, ...env };
  const faults = readFaults('worker', all);
  return faults.length > 0 ? faults.map(({ key }) => key) : readConfig('worker', all, '/nowhere').retentionMs;
}

test('nothing is erased by age without REPORTS_RETENTION', () => {
  expect(readRetention({})).toBeNull();
  expect(readRetention({ REPORTS_RETENTION: 'off', AUDIT_LOG: 'off' })).toBeNull();
  expect(readRetention({ REPORTS_RETENTION: '2192d' })).toBe(2_192 * DAY_MS);
});

test.each(['never', '0d', '1500ms', '30', '-1d', 'OFF'])('REPORTS_RETENTION=%s is a fault', (REPORTS_RETENTION) => {
  expect(readRetention({ REPORTS_RETENTION })).toEqual(['REPORTS_RETENTION']);
});

test('less than a day is a fault unless the upstream is on this machine', () => {
  expect(readRetention({ REPORTS_RETENTION: '1d' })).toBe(DAY_MS);
  expect(readRetention({ REPORTS_RETENTION: '23h' })).toEqual(['REPORTS_RETENTION']);
  expect(readRetention({ REPORTS_RETENTION: '2s', ...ON_THIS_MACHINE })).toBe(2 * SECOND_MS);
});

test('retention by age requires the audit log', () => {
  expect(readRetention({ REPORTS_RETENTION: '90d', AUDIT_LOG: ' Off' })).toEqual(['AUDIT_LOG']);
});
