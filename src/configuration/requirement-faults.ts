import { retentionFaults } from '../activities/retention-settings';
import { apiFaults } from '../api/settings';
import { eventsFaults } from '../events/settings';
import { PROXY_EXPECTED, readProxy } from '../human-api/proxy-settings';
import { type ConfigurationFault, describeFault, type Environment } from '../process/configuration-fault';
import { isLoopbackHost } from '../process/loopback';
import { isOff } from '../process/setting';
import { tlsFaults } from '../process/tls-settings';
import { auditKeyFaults } from '../temporal/audit-keys';
import { payloadFaults } from '../temporal/payload-settings';
import { shortDeadlineFaults } from '../temporal/policy-settings';
import { signatureFaults } from '../webhook/signature-settings';
import type { ProcessName } from './process-name';
import { isRemote } from './upstream-urls';

/** More than an attacker can guess over a network. */
const MIN_SECRET_LENGTH = 16;

/** Stands for the three default URLs. */
const DEFAULT_UPSTREAM = 'https://api.humanapi.co';

/** The variables that the process requires and lacks, and valid values that it does not support. `hasDevKeys`: it uses the keys of a running `npm start`. */
export function findRequirementFaults(
  processName: ProcessName,
  set: Environment,
  { hasDevKeys }: { readonly hasDevKeys: boolean },
): ConfigurationFault[] {
  const faults: ConfigurationFault[] = [];
  const check = (key: string, isMet: boolean, expected: string) => {
    if (!isMet) faults.push(describeFault(key, expected, set));
  };
  const is = (...names: readonly ProcessName[]) => names.includes(processName);
  const [id, secret] = [set['HUMAN_API_CLIENT_ID'], set['HUMAN_API_CLIENT_SECRET']];
  // Without both, `npm start` uses the sandbox; only one of them is a fault.
  const needsCredentials = is('worker') || (is('dev') && (id ?? secret) !== undefined);
  check('HUMAN_API_CLIENT_ID', !needsCredentials || id !== undefined, 'the client id that Human API gave you');
  check(
    'HUMAN_API_CLIENT_SECRET',
    !needsCredentials || secret !== undefined,
    'the client secret that Human API gave you',
  );
  if (is('starter', 'chartway', 'api')) {
    check('AUDIT_LOG', !isOff(set['AUDIT_LOG'] ?? ''), 'a folder: commands and the api record each act in it');
  }

  const upstreams = (['HUMAN_API_AUTH_URL', 'HUMAN_API_ADMIN_URL', 'HUMAN_API_DATA_URL'] as const).map(
    (key) => set[key] ?? DEFAULT_UPSTREAM,
  );
  // `npm start` uses the sandbox without credentials, and creates keys itself with them.
  const isReal = isRemote(upstreams) && (!is('dev') || needsCredentials);
  const mustEncrypt = isReal && !hasDevKeys && is('worker', 'webhook', 'api', 'starter', 'chartway');
  faults.push(...payloadFaults(set, mustEncrypt), ...auditKeyFaults(processName, set));
  if (is('worker', 'api')) {
    const keys = set['PAYLOAD_KEYS'] ?? set['PAYLOAD_KEYS_FILE'];
    check(
      'REPORTS_ENCRYPTION',
      set['REPORTS_ENCRYPTION'] !== 'on' || keys !== undefined,
      'off, or PAYLOAD_KEYS as well',
    );
  }
  if (is('worker', 'api', 'chartway')) {
    const isFolder = !/^\s*s3:/i.test(set['REPORT_STORE'] ?? '');
    check('REPORT_STORE', isFolder, 'a folder, because this version has no S3 store yet');
  }
  // With a running `npm start`, its worker has the variable.
  if (isReal && (is('worker', 'dev') || (is('chartway') && !hasDevKeys))) {
    const isSet = set['REPORTS_ENCRYPTION'] !== undefined;
    check('REPORTS_ENCRYPTION', isSet, 'on, or off to store reports unencrypted in REPORT_STORE');
  }
  if (isReal && is('worker', 'api', 'starter', 'dev')) faults.push(...shortDeadlineFaults(set));
  if (is('worker')) faults.push(...retentionFaults(set, isReal), ...(isReal ? proxyFaults(set) : []));
  if (is('api')) faults.push(...apiFaults(set));
  if (is('worker', 'api', 'chartway')) faults.push(...eventsFaults(set));
  if (is('webhook')) {
    faults.push(...signatureFaults(set), ...tlsFaults('WEBHOOK', set));
    const isLocal = isLoopbackHost(set['WEBHOOK_HOST'] ?? '127.0.0.1') && !isReal;
    check(
      'WEBHOOK_SECRET',
      set['WEBHOOK_SECRET'] !== undefined || isLocal,
      'a secret, unless WEBHOOK_HOST and the three HUMAN_API_*_URL are loopback',
    );
    const secrets = (set['WEBHOOK_SECRET'] ?? '').split(',').map((part) => part.trim());
    check(
      'WEBHOOK_SECRET',
      isLocal || secrets.every(({ length }) => length >= MIN_SECRET_LENGTH),
      `at least ${MIN_SECRET_LENGTH} characters in each secret (a comma separates two), unless WEBHOOK_HOST and the three HUMAN_API_*_URL are loopback`,
    );
  }
  return faults;
}

function proxyFaults(set: Environment): ConfigurationFault[] {
  const proxy = readProxy(set);
  if (proxy === null || !('malformed' in proxy)) return [];
  // It may hold a password anywhere.
  return [{ key: proxy.malformed, expected: PROXY_EXPECTED, got: 'a value that is not shown' }];
}
