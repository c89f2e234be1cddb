import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { createPersonActivities } from '../../src/activities/person';
import { createUsersUpstream } from '../../src/human-api/users/adapter';

let server: Server;
afterEach(() => server.close());

/** A read of somebody, of an upstream that answers everything like this. */
async function read(status: number, retryAfter: string): Promise<unknown> {
  server = createServer((_request, response) => response.writeHead(status, { 'retry-after': retryAfter }).end());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('expected a port');
  const url = `http://127.0.0.1:${address.port}`;
  const credentials = { clientId: 'id', clientSecret: 'secret', timeoutMs: 20_000 };
  const humanApi = createUsersUpstream({ ...credentials, authUrl: url, adminUrl: url, dataUrl: url });
  const silent = { logger: new DefaultLogger('ERROR', () => {}) };
  const environment = new MockActivityEnvironment({ currentAttemptScheduledTimestampMs: Date.now() }, silent);
  const { readStatus } = createPersonActivities({ upstream: humanApi });
  const failure = await environment
    .run(readStatus, { humanId: 'h-1', patienceMs: null })
    .catch((error: unknown) => error);
  await humanApi.close();
  return failure;
}

test.each([429, 503])('after a %i, Retry-After in seconds is when the activity is run again', async (status) => {
  expect(await read(status, '137')).toMatchObject({ type: 'RateLimited', nextRetryDelay: 137_000 });
});

test('Retry-After as a date is when the activity is run again', async () => {
  const { nextRetryDelay } = (await read(429, new Date(Date.now() + 300_000).toUTCString())) as {
    nextRetryDelay: number;
  };
  // A date has whole seconds, and a busy machine takes some.
  expect(nextRetryDelay).toBeLessThanOrEqual(300_000);
  expect(nextRetryDelay).toBeGreaterThan(240_000);
});
