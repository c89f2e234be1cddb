import { createServer } from 'node:http';
import { listPeople } from '../../src/dev/sandbox-client';
import { drain, listen } from '../../src/process/listening';

test('a sandbox that answers with an error, or not at all, ends npm start with a message', async () => {
  const server = createServer((_, response) => response.writeHead(500).end());
  const url = await listen(server, { host: '127.0.0.1', port: 0 });
  const fault = (what: string) => ({ kind: 'start-failed', message: expect.stringContaining(what) });
  await expect(listPeople(url)).rejects.toMatchObject(fault(`${url}/control/people, got 500`));
  await drain(server);
  await expect(listPeople(url)).rejects.toMatchObject(fault(`${url}/control/people (ECONNREFUSED)`));
});
