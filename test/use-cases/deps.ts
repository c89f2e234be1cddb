import type { Client } from '@temporalio/client';
import { NO_ENCRYPTION } from '../../src/domain/encryption';
import { DEFAULT_POLICY } from '../../src/domain/policy';
import { NO_EVENTS } from '../../src/events/settings';
import type { AuditEntry } from '../../src/observability/audit';
import { GRPC } from '../../src/temporal/rpc';
import type { UseCaseDeps } from '../../src/use-cases/use-cases';
import { applicantWorkflowId, COLLECT_RECORDS } from '../../src/workflows/contract';
import { DIGEST_KEYS, FakeStore } from '../support/fake-store';
import { grpcError } from '../support/grpc-error';

/** The deps of use cases, with a store in memory. `acts`: the recorded entries. */
export function useCaseDeps(client: Client, changes: Partial<UseCaseDeps> = {}) {
  const acts: AuditEntry[] = [];
  const store = new FakeStore();
  const deps: UseCaseDeps = {
    client,
    taskQueue: 'queue',
    reportStore: store,
    encryption: NO_ENCRYPTION,
    events: NO_EVENTS,
    audit: { record: async (entry) => void acts.push(entry) },
    policy: DEFAULT_POLICY,
    digestKeys: DIGEST_KEYS,
    auditFolder: '',
    ...changes,
  };
  return { deps, store, acts };
}

/** A client whose calls fail with this status code while `isDown` returns true; by default, as those to a server that is down. */
export function failingClient(
  client: Client,
  { code = GRPC.UNAVAILABLE as number, isDown = (): boolean => true } = {},
): Client {
  const withDeadline = {
    value: (untilMs: number, call: () => Promise<unknown>) =>
      isDown() ? Promise.reject(grpcError(code)) : client.withDeadline(untilMs, call),
  };
  const connection = { value: Object.create(client.connection, { withDeadline }) };
  return Object.create(client, { withDeadline, connection });
}

/** Starts a run without input; no worker takes it. `attributes`: its search attributes. */
export function startRun(
  { client, taskQueue }: Pick<UseCaseDeps, 'client' | 'taskQueue'>,
  clientUserId: string,
  attributes: Readonly<Record<string, readonly unknown[]>> = {},
  memo: Record<string, unknown> = {},
) {
  return client.workflow.start(COLLECT_RECORDS, {
    workflowId: applicantWorkflowId(clientUserId),
    taskQueue,
    searchAttributes: attributes as Record<string, string[]>,
    memo,
  });
}
