import { MINUTE_MS, SECOND_MS } from '../../src/domain/policy';
import { statusNoticeSignal } from '../../src/workflows/contract';
import { until } from '../support/condition';
import { FakeStore } from '../support/fake-store';
import { FakeUpstream } from '../support/fake-upstream';
import { BY_NOTICES } from '../support/policies';
import { useRealServer } from './real-server';

const server = useRealServer();

test('Temporal lists an open applicant by need, deadline and round, and a closed one without need and deadline', async () => {
  const { client, startWorkers, startApplicant } = server();
  const upstream = new FakeUpstream([{ afterMs: SECOND_MS, status: 'Attn Required' }]);
  await startWorkers({ taskQueue: 'listed', upstream, store: new FakeStore() });
  const handle = await startApplicant('listed', 'POL-listed', BY_NOTICES);
  const isFound = async (query: string) => (await client.workflow.count(query)).count === 1;
  const dueAt = new Date(Date.now() + BY_NOTICES.expiresMs.invitation + MINUTE_MS).toISOString();
  await until('the invitation to be listed', () => isFound(`ApplicantRound = 1 AND ApplicantDueAt < "${dueAt}"`));
  const [person] = upstream.people;
  const updatedAt = new Date(Date.now() + SECOND_MS).toISOString();
  await handle.signal(statusNoticeSignal, { humanId: person?.humanId ?? '', status: 'Attn Required', updatedAt });
  await until('the need to be listed', () =>
    isFound(
      `ApplicantNeeds IN ("quiet", "attention") AND ApplicantDueAt > "${dueAt}" AND ApplicantOpenedAt < "${dueAt}"`,
    ),
  );
  await handle.cancel();
  await until('the end to be listed', () =>
    isFound(
      'ApplicantOutcome = "cancelled" AND ApplicantNeeds IS NULL AND ApplicantDueAt IS NULL AND ApplicantRound = 1',
    ),
  );
});
