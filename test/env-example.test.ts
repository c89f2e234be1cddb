import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'dotenv';
import { readConfig } from '../src/config';

/** Our main variables. */
const NAMES = [
  ...['HUMAN_API_CLIENT_ID', 'HUMAN_API_CLIENT_SECRET', 'HUMAN_API_AUTH_URL', 'HUMAN_API_ADMIN_URL'],
  ...['HUMAN_API_DATA_URL', 'HUMAN_API_MAX_CALLS_PER_SECOND', 'HUMAN_API_TIMEOUT', 'TASK_QUEUE', 'REPORT_STORE'],
  ...['REPORTS', 'REFRESH_FOR', 'REFRESH_CHECK_AFTER', 'WEBHOOK_HOST', 'WEBHOOK_PORT', 'WEBHOOK_SECRET'],
  ...['WEBHOOK_SIGNATURE', 'WEBHOOK_SPOOL'],
  ...['API_HOST', 'API_PORT', 'API_KEYS', 'METRICS_HOST', 'METRICS_PORT', 'PAYLOAD_KEYS', 'PAYLOAD_ENCRYPTION'],
  ...['POLL_INVITED', 'POLL_ENGAGED', 'POLL_SYNCING', 'POLL_ATTENTION', 'POLL_SOME_SYNCED', 'POLL_DISCONNECTED'],
  ...['SETTLE_ALL_SYNCED', 'SETTLE_SOME_SYNCED', 'SETTLE_ERROR', 'INVITATION_EXPIRES_AFTER', 'ACCESS_REFUSED_PATIENCE'],
  ...['CHASE_INVITED_AFTER', 'CHASE_ENGAGED_AFTER'],
  ...['APPLICANT_EXPIRES_AFTER', 'LOG_LEVEL', 'TEMPORAL_ADDRESS', 'TEMPORAL_NAMESPACE', 'TEMPORAL_API_KEY'],
];

function setup() {
  const text = readFileSync(path.join(__dirname, '../.env.example'), 'utf8');
  // Every "#NAME=value" line, uncommented.
  return { text, values: parse(text.replace(/^#(?=[A-Z_]+=)/gm, '')) };
}

test('.env.example lists the variables, commented out', () => {
  const { text, values } = setup();
  expect(Object.keys(values)).toEqual(expect.arrayContaining(NAMES));
  expect(parse(text)).toEqual({});
});

test('.env.example shows the defaults: uncommenting all lines changes nothing', () => {
  const { values } = setup();
  const read = (env: Record<string, string>) => JSON.parse(JSON.stringify(readConfig('verifier', env, '/nowhere')));
  expect(read(values)).toEqual({
    ...read({}),
    hasTemporalServer: true, // the address is set, to the default
  });
});
