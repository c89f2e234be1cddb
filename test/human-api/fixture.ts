import { inspect } from 'node:util';
import { createUsersUpstream, type HumanApiSettings } from '../../src/human-api/users/adapter';
import { UpstreamError } from '../../src/upstream/errors';
import type { Upstream } from '../../src/upstream/port';
import { useCleanup } from '../support/cleanup';
import { startRecordedUpstream } from './recorded-upstream';

const addCleanup = useCleanup();

/** An adapter for a recorded upstream with one connected person. Its clock stands still until the test sets it. */
export async function startClient(settings: Partial<HumanApiSettings> = {}) {
  const upstream = await startRecordedUpstream();
  addCleanup(() => upstream.close());
  const clock = { nowMs: Date.parse('2030-03-01T09:00:00.000Z') };
  const api = createUsersUpstream({ ...upstream.settings, ...settings }, { now: () => clock.nowMs });
  addCleanup(() => api.close());
  const { subjectId: humanId } = await api.invite({ clientUserId: 'POL-1', clientUserEmail: 'max@example.org' });
  upstream.connect('POL-1');
  upstream.received.length = 0;
  return { upstream, api, clock, humanId };
}

/** The error of a call that must fail, without personal data of the answer. */
export async function failureOf(call: Promise<unknown>): Promise<UpstreamError> {
  const error = await call.then(
    () => new Error('expected a failure'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof UpstreamError)) throw error;
  expect(inspect(error, { depth: 9, showHidden: true })).not.toMatch(
    /mallory|1990-01-01|POL-1|token-\d|the-secret|<html/,
  );
  return error;
}

/** Every method of the port, with the call it makes. */
export function everyCall(api: Upstream, humanId: string): Record<string, () => Promise<unknown>> {
  return {
    'POST /admin/api/v1/users': () => api.invite({ clientUserId: 'POL-2', clientUserEmail: 'eve@example.org' }),
    'GET /admin/api/v1/users': () => api.findPeople({ clientUserId: 'POL-1' }),
    [`GET /admin/api/v1/users/${humanId}`]: () => api.readStatus(humanId),
    [`DELETE /admin/api/v1/users/${humanId}`]: () => api.withdraw(humanId),
    'POST /auth/v1/admin/token': () => api.proveCredentials(),
    'POST /auth/v1/connect/token': () => api.listReports('POL-1'),
    'GET /data/v1/human/medical/reports': () => api.listReports('POL-1'),
    'GET /data/v1/human/medical/reports/r1/raw': () => api.openReport('POL-1', 'r1', 'pdf'),
  };
}
