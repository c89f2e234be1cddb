import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { asCsv, castSamples, judge, roundOf, type Sample } from '../../src/dev/samples';
import type { Sighting } from '../../src/dev/watch';
import { changeLine, verdictTable } from '../../src/dev/wording';

const eager: Sample = {
  clientUserId: 'DEMO-eager-1',
  clientUserEmail: 'eager@example.org',
  persona: 'eager',
  summary: 'opens the invitation at once',
  outcome: 'collected',
  documents: 3,
};
const collected: Sighting = {
  clientUserId: 'DEMO-eager-1',
  stage: 'closed',
  outcome: 'collected',
  reason: null,
  documents: 3,
};
const seen = (...sightings: Sighting[]) => new Map(sightings.map((one) => [one.clientUserId, one]));

async function sandbox(status: number, answer: unknown) {
  const server = createServer((_request, response) => response.writeHead(status).end(JSON.stringify(answer)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, close: () => new Promise((resolve) => server.close(resolve)) };
}

test('the sandbox says who there is, and each plays one sample of this round', async () => {
  const { url, close } = await sandbox(200, [
    { name: 'eager', summary: eager.summary, outcome: 'collected', documents: 3, storyMinutes: 40 },
  ]);
  expect(await castSamples(url, '1')).toEqual([eager]);
  await close();
});

test('a sandbox that does not say is no sandbox without personas', async () => {
  const { url, close } = await sandbox(404, {});
  await expect(castSamples(url, '1')).rejects.toThrow('status 404');
  await close();
});

test('the round of a later second is another one, and fits into a clientUserId', () => {
  expect(roundOf(new Date('2025-04-12T15:30:12.999Z'))).toBe('20250412-153012');
});

test('the starter gets a header and a row for each', () => {
  expect(asCsv([eager])).toBe(
    'clientUserId,clientUserEmail,firstName,lastName,dateOfBirth,suggestedSources\nDEMO-eager-1,eager@example.org,,,,\n',
  );
});

test.each<[string, Sighting[], boolean]>([
  ['ended as it must', [collected], true],
  ['has another outcome', [{ ...collected, outcome: 'partial' }], false],
  ['has fewer documents', [{ ...collected, documents: 2 }], false],
  ['has not ended', [{ ...collected, stage: 'collecting', outcome: null }], false],
  ['was never seen', [], false],
])('a sample that %s is judged so', (_, sightings, asExpected) => {
  expect(judge([eager], seen(...sightings)).map((verdict) => verdict.asExpected)).toEqual([asExpected]);
});

test('the table says of each what must come and what came', () => {
  const late = { ...eager, clientUserId: 'DEMO-late-1', persona: 'late' };
  const lines = verdictTable(judge([eager, late], seen(collected))).split('\n');
  expect(lines.find((line) => line.startsWith('eager'))).toMatch(
    /^eager +collected, 3 documents +collected, 3 documents +ok /,
  );
  expect(lines.find((line) => line.startsWith('late'))).toMatch(
    /^late +collected, 3 documents +not over \(never seen\) +WRONG /,
  );
  expect(lines).toContain('1 of 2 samples ended as they must.');
});

test('a change is one line of ids and states, without what is nothing', () => {
  expect(changeLine({ ...collected, stage: 'invited', outcome: null, documents: 0 })).toMatch(
    /^DEMO-eager-1 +invited$/,
  );
  expect(changeLine({ ...collected, reason: 'missing-documents', outcome: 'partial', documents: 1 })).toMatch(
    /^DEMO-eager-1 +closed +partial \(missing-documents\) 1 document$/,
  );
});
