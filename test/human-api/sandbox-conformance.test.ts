import { createSandbox } from '../../sandbox/sandbox';
import { VirtualClock } from '../sandbox/virtual-clock';
import { conformance } from './conformance';
import { CREDENTIALS } from './recorded-upstream';

const HOUR_MS = 3_600_000;

describe('the adapter with the sandbox', () => {
  conformance(async () => {
    const clock = new VirtualClock();
    const webhook = { urls: [], secret: null, signing: null };
    const storySpeed = { speed: 1, longestWaitMs: null };
    const rest = { createAnswer: null, publicUrl: null, seed: null, scenario: null };
    const terms = { credentials: CREDENTIALS, webhook, tokenLifetimeSeconds: 86_400, storySpeed, ...rest };
    const sandbox = createSandbox(terms, clock, () => {});
    const base = await sandbox.app.listen({ host: '127.0.0.1', port: 0 });
    const urls = { authUrl: `${base}/auth`, adminUrl: `${base}/admin`, dataUrl: `${base}/data` };
    return {
      settings: { ...CREDENTIALS, ...urls, timeoutMs: 10_000 },
      email: 'eager@example.org',
      connect: () => clock.advance(HOUR_MS),
      close: () => sandbox.close(),
    };
  });
});
