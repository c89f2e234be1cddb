import { describeOldServer, warnIfServerOld } from '../../src/temporal/server-version';

test.each(['0.30.0', '1.20.4', '1.24.2', '1.30.2', 'v1.9'])(
  'a server %s is older than needed, and named',
  (version) => {
    expect(describeOldServer(version)).toContain(
      `${version.replace('v', '').split('.').slice(0, 2).join('.')}, and 1.31 or newer`,
    );
  },
);

test.each(['1.31.2', '1.32.0', '1.31.0-151.2', '2.0.0', '', 'unknown', undefined])(
  'a server %s is no reason to warn',
  (version) => {
    expect(describeOldServer(version)).toBeNull();
  },
);

test('a worker warns once, and a server that does not say its version is left alone', async () => {
  const said: string[] = [];
  const log = { warn: (_: object, text: string) => void said.push(text) };
  const answering = (answer: () => Promise<unknown>) => ({ workflowService: { getSystemInfo: answer } }) as never;
  await warnIfServerOld(
    answering(async () => ({ serverVersion: '1.24.2' })),
    log,
  );
  await warnIfServerOld(
    answering(async () => Promise.reject(new Error('not allowed'))),
    log,
  );
  expect(said).toEqual([expect.stringContaining('the Temporal server is 1.24')]);
});
