import type { Client } from '@temporalio/client';
import { DEFAULT_POLICY } from '../../src/domain/policy';
import type { AuditEntry } from '../../src/observability/audit';
import type { UseCaseDeps } from '../../src/use-cases/use-cases';
import { DIGEST_KEYS, FakeStore } from '../support/fake-store';

/** The deps of use cases, with a store in memory. `acts`: the recorded entries. */
export function useCaseDeps(client: Client, changes: Partial<UseCaseDeps> = {}) {
  const acts: AuditEntry[] = [];
  const store = new FakeStore();
  const deps: UseCaseDeps = {
    client,
    taskQueue: 'queue',
    reportStore: store,
    audit: { record: async (entry) => void acts.push(entry) },
    policy: DEFAULT_POLICY,
    digestKeys: DIGEST_KEYS,
    auditFolder: '',
    ...changes,
  };
  return { deps, store, acts };
}

/** A client whose calls fail as those to a server that is down, while `isDown` returns true. */
export function flakyClient(client: Client, isDown: () => boolean): Client {
  const unavailable = Object.assign(new Error('down'), { code: 14, details: 'down', metadata: { get: () => [] } });
  const withDeadline = {
    value: (untilMs: number, call: () => Promise<unknown>) =>
      isDown() ? Promise.reject(unavailable) : client.withDeadline(untilMs, call),
  };
  const connection = { value: Object.create(client.connection, { withDeadline }) };
  return Object.create(client, { withDeadline, connection });
}
