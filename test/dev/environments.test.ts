import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Client } from '@temporalio/client';
import { readConfig } from '../../src/config';
import { readOrCreateSecret } from '../../src/dev/dev-files';
import {
  localApiEnvironment,
  sandboxUpstreamEnvironment,
  temporalEnvironment,
  thirdPartyEnvironment,
  webhookEnvironment,
} from '../../src/dev/environments';
import { temporalService } from '../../src/dev/temporal-server';
import { generateKey } from '../../src/temporal/key-ring';
import { useFolders } from '../support/folders';
import { UPSTREAM_NOWHERE } from '../support/processes';

describe('the environment of a process', () => {
  const newFolder = useFolders();
  let folder: string;
  beforeEach(async () => {
    folder = await newFolder();
  });

  test("leads to the dev server, whatever the user's configuration of Temporal contains", () => {
    const user = {
      TEMPORAL_ADDRESS: 'far.example.org:7233',
      TEMPORAL_API_KEY: 'k',
      TEMPORAL_TLS: 'true',
      TEMPORAL_PROFILE: 'cloud',
    };
    const env = { ...user, ...temporalEnvironment('127.0.0.1:4711', 'default', folder) };
    expect(readConfig('verifier', env, folder).temporal).toEqual({
      namespace: 'default',
      connection: { address: '127.0.0.1:4711' },
    });
  });

  test('leads to the sandbox for all three addresses of Human API', () => {
    const { humanApi } = readConfig('worker', sandboxUpstreamEnvironment('http://127.0.0.1:4712', 's3cret'), folder);
    expect(humanApi).toMatchObject({
      authUrl: 'http://127.0.0.1:4712/auth',
      adminUrl: 'http://127.0.0.1:4712/admin',
      dataUrl: 'http://127.0.0.1:4712/data',
      clientSecret: 's3cret',
    });
  });

  test('contains only the audit keys of the webhook for the webhook, also if .env contains others', () => {
    const [audit, webhook] = [generateKey('audit'), generateKey('webhook-audit')];
    const signingKey = (...keys: string[]) => {
      writeFileSync(`${folder}/.env`, `AUDIT_KEY=${keys.join(', ')}\n`);
      const { auditKey } = readConfig('dev', {}, folder).webhook;
      const env = webhookEnvironment(UPSTREAM_NOWHERE, { host: '127.0.0.1', port: 1, hasTls: false, auditKey });
      return readConfig('webhook', env, folder).audit.keys.signing?.id ?? null;
    };
    expect(signingKey(audit, webhook)).toBe('webhook-audit');
    expect(signingKey(audit)).toBeNull();
  });

  test("decrypts for Temporal's UI without a login only if the people are fictitious", () => {
    const api = { port: 1, keys: '', uiPort: 2 };
    expect(localApiEnvironment({}, { ...api, hasSandbox: true })).toMatchObject({ CODEC_ENDPOINT: 'open' });
    expect(localApiEnvironment({}, { ...api, hasSandbox: false })).toMatchObject({ CODEC_ENDPOINT: 'off' });
  });

  test('contains no secret for a program that is not part of Chartway', () => {
    const secrets = { HUMAN_API_CLIENT_SECRET: 'a', WEBHOOK_SECRET: 'b', TEMPORAL_API_KEY: 'c' };
    const env = { PATH: '/bin', ...secrets, PAYLOAD_KEYS: 'd', API_KEYS: 'e' };
    expect(thirdPartyEnvironment(env)).toEqual({ PATH: '/bin' });
  });

  test('contains a secret that is the same at every start', () => {
    const secret = readOrCreateSecret(folder, 'webhook-secret');
    expect(secret.length).toBeGreaterThanOrEqual(32);
    expect(readOrCreateSecret(folder, 'webhook-secret')).toBe(secret);
    expect(readOrCreateSecret(folder, 'sandbox-secret')).not.toBe(secret);
  });
});

test("the arguments of the dev server do not contain the folder's name, because it parses the path of its database as a URI", () => {
  const folder = '/work/a #?%20é/.data';
  const { args, cwd } = temporalService({
    cli: 'temporal',
    port: 1,
    uiPort: 2,
    codecUrl: 'http://127.0.0.1:3/codec',
    env: {},
    databaseFile: path.join(folder, 'temporal.db'),
    client: { options: { namespace: 'default' } } as Client,
  });
  expect(args[args.indexOf('--db-filename') + 1]).toBe('temporal.db');
  expect(cwd).toBe(folder);
  expect(args.join(' ')).not.toContain('/work');
});
