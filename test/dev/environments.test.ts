import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { readConfig } from '../../src/config';
import {
  foreignEnvironment,
  sandboxedEnvironment,
  temporalEnvironment,
  webhookEnvironment,
} from '../../src/dev/environments';
import { keptSecret } from '../../src/dev/secrets';
import { generateKey } from '../../src/temporal/key-ring';
import { UPSTREAM_NOWHERE } from '../support/processes';

describe('what the processes are given', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(`${tmpdir()}/dev-`);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test("our own server is found whatever the person's configuration of Temporal says", () => {
    const theirs = {
      TEMPORAL_ADDRESS: 'far.example.org:7233',
      TEMPORAL_API_KEY: 'k',
      TEMPORAL_TLS: 'true',
      TEMPORAL_PROFILE: 'cloud',
    };
    const env = { ...theirs, ...temporalEnvironment('127.0.0.1:4711', 'default', folder) };
    expect(readConfig('verifier', env, folder).temporal).toEqual({
      namespace: 'default',
      connection: { address: '127.0.0.1:4711' },
    });
  });

  test('the sandbox stands behind all three addresses', () => {
    const { humanApi } = readConfig('worker', sandboxedEnvironment('http://127.0.0.1:4712', 's3cret'), folder);
    expect(humanApi).toMatchObject({
      authUrl: 'http://127.0.0.1:4712/auth',
      adminUrl: 'http://127.0.0.1:4712/admin',
      dataUrl: 'http://127.0.0.1:4712/data',
      clientSecret: 's3cret',
    });
  });

  test('the webhook is given those entries of AUDIT_KEY alone that sign for it, also where the others stand in .env', () => {
    const [audit, webhook] = [generateKey('audit'), generateKey('webhook-audit')];
    writeFileSync(`${folder}/.env`, `AUDIT_KEY=${audit}, ${webhook}\n`);
    const { auditKey } = readConfig('dev', {}, folder).webhook;
    expect(auditKey).toBe(webhook);
    const env = webhookEnvironment(UPSTREAM_NOWHERE, { host: '127.0.0.1', port: 1, scheme: 'http' }, { auditKey });
    expect(readConfig('webhook', env, folder).audit.keys.signing?.id).toBe('webhook-audit');
    writeFileSync(`${folder}/.env`, `AUDIT_KEY=${audit}\n`);
    const rest = { auditKey: readConfig('dev', {}, folder).webhook.auditKey };
    const none = webhookEnvironment(UPSTREAM_NOWHERE, { host: '127.0.0.1', port: 1, scheme: 'http' }, rest);
    expect(readConfig('webhook', none, folder).audit.keys.signing).toBeNull();
  });

  test('a program that is not ours gets none of our secrets', () => {
    const env = {
      PATH: '/bin',
      HUMAN_API_CLIENT_SECRET: 'a',
      WEBHOOK_SECRET: 'b',
      TEMPORAL_API_KEY: 'c',
      PAYLOAD_KEYS: 'd',
      API_KEYS: 'e',
    };
    expect(foreignEnvironment(env)).toEqual({ PATH: '/bin' });
  });

  test('a kept secret is the same at every start, and another in every folder', () => {
    const secret = keptSecret(folder, 'webhook-secret');
    expect(secret.length).toBeGreaterThanOrEqual(32);
    expect(keptSecret(folder, 'webhook-secret')).toBe(secret);
    expect(keptSecret(folder, 'sandbox-secret')).not.toBe(secret);
  });
});
