import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { readConfig } from '../../src/config';
import { foreignEnvironment, sandboxedEnvironment, temporalEnvironment } from '../../src/dev/environments';
import { keptSecret } from '../../src/dev/secrets';

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
