import { describeOldServer, warnIfServerOld } from '../../src/temporal/connection';

test.each(['0.30.0', '1.20.4', '1.24.2', '1.30.2', 'v1.9'])('a server %s is too old', (version) => {
  expect(describeOldServer(version)).toContain(
    `${version.replace('v', '').split('.').slice(0, 2).join('.')}; 1.31 or newer`,
  );
});

test.each(['1.31.2', '1.32.0', '1.31.0-151.2', '2.0.0', '', 'unknown', undefined])(
  'a server %s causes no warning',
  (version) => {
    expect(describeOldServer(version)).toBeNull();
  },
);

test('a worker warns once, and a server without a version causes no warning', async () => {
  const logged: string[] = [];
  const log = { warn: (_: object, text: string) => void logged.push(text) };
  const connectionWith = (answer: () => Promise<unknown>) =>
    ({ withDeadline: (_: number, call: typeof answer) => call(), workflowService: { getSystemInfo: answer } }) as never;
  await warnIfServerOld(
    connectionWith(async () => ({ serverVersion: '1.24.2' })),
    log,
  );
  await warnIfServerOld(
    connectionWith(async () => Promise.reject(new Error('not allowed'))),
    log,
  );
  expect(logged).toEqual([expect.stringContaining('the Temporal server has version 1.24')]);
});
