import { createReportActivities } from '../../src/activities/reports';
import { MINUTE_MS } from '../../src/domain/policy';
import { BadDocument, NotOffered, Unavailable, UnenvelopedFormat } from '../../src/upstream/errors';
import { FakeStore } from '../support/fake-store';
import { FakeUpstream, facts, row } from '../support/fake-upstream';
import { attemptsOf } from './attempts';

const REPORT = { id: 'r1', type: 'unity', organization: null, updatedAt: null };
const GATEWAY = new UnenvelopedFormat({ ...facts(400), requestId: '1f0c3b1d-2a4f-4788-990a-010203040506' });

function setup() {
  const humanApi = new FakeUpstream([{ afterMs: 0, reports: [row('r1', 'unity', null)] }]);
  humanApi.enrol('POL-1', 'pol-1@example.org', 0);
  const { fetchDocument } = createReportActivities({ upstream: humanApi, reportStore: new FakeStore() });
  const input = { clientUserId: 'POL-1', report: REPORT, format: 'pdf', newest: null } as const;
  const fetched = (most: number) => attemptsOf(fetchDocument, [input], { most });
  return { humanApi, fetched };
}

test('the first raw?format=pdf answered 400 by a gateway is asked again', async () => {
  const { humanApi, fetched } = setup();
  humanApi.faults.push({ route: 'openReport', error: GATEWAY, times: 5 });
  expect((await fetched(6)).result).toMatchObject({ kind: 'stored' });
});

test('a 400 in one of the envelopes is an answer at once', async () => {
  const { humanApi, fetched } = setup();
  humanApi.faults.push({ route: 'openReport', error: new NotOffered(facts(400)) });
  expect((await fetched(1)).result).toEqual({ kind: 'not-offered' });
});

test('one that persists for five minutes of waiting is left, so that the others do not wait for it; an outage in between counts', async () => {
  const { humanApi, fetched } = setup();
  humanApi.faults.push({ route: 'openReport', error: GATEWAY, times: 6 });
  humanApi.faults.push({ route: 'openReport', error: new Unavailable(facts(502), 'scripted'), times: 2 });
  humanApi.faults.push({ route: 'openReport', error: GATEWAY });
  const { result, delaysMs } = await fetched(20);
  // As the manifest shows it: without the request id.
  expect(result).toEqual({ kind: 'unenveloped', detail: GATEWAY.summary });
  const waitedMs = delaysMs.reduce((sum, ms) => sum + ms, 0);
  expect(waitedMs).toBeGreaterThanOrEqual(5 * MINUTE_MS);
  expect(waitedMs).toBeLessThan(7 * MINUTE_MS);
});

test('a document in between that is broken begins the five minutes anew', async () => {
  const { humanApi, fetched } = setup();
  humanApi.faults.push({ route: 'openReport', error: GATEWAY, times: 9 });
  humanApi.faults.push({ route: 'openReport', error: new BadDocument(facts(200), 'no end'), times: 1 });
  humanApi.faults.push({ route: 'openReport', error: GATEWAY, times: 2 });
  expect((await fetched(20)).result).toMatchObject({ kind: 'stored' });
});
