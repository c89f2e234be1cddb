import { Client, Connection } from '@temporalio/client';
import { Gauge, Registry } from 'prom-client';
import { serveDuePollMetric } from '../../src/temporal/task-queues';

test('without Temporal, the age of the oldest due poll is NaN, and the other metrics are served', async () => {
  const connection = Connection.lazy({ address: '127.0.0.1:1' });
  const registry = new Registry();
  new Gauge({ name: 'other', help: 'another one', registers: [registry] });
  serveDuePollMetric(registry, { client: new Client({ connection }), taskQueue: 'no-worker' });
  const lines = (await registry.metrics()).split('\n');
  expect(lines).toEqual(expect.arrayContaining(['other 0', 'chartway_oldest_due_poll_age_seconds Nan']));
  await connection.close();
});
