import type { PayloadCodec } from '@temporalio/common';
import type { Policy } from '../../src/domain/policy';
import type { ReportStore } from '../../src/report-store/port';
import { applicantWorkflowId, COLLECT_RECORDS, type CollectRecordsInput } from '../../src/workflows/contract';
import type { Handle } from '../support/applicant-under-test';
import { useTemporalServer } from '../support/temporal-server';
import { startWorkers, type WorkersOptions } from '../support/workers';

type WorkerSetup = Omit<WorkersOptions, 'address' | 'client' | 'dataConverter' | 'reportStore'> & {
  readonly store: ReportStore;
};

/** A Temporal dev server for the tests of a file, for many applicants in real time. `codec`: of the client and every worker. */
export function useRealServer(codec?: PayloadCodec) {
  const dataConverter = codec && { payloadCodecs: [codec] };
  const stops: (() => Promise<void>)[] = [];
  // Before the server stops: jest runs `afterAll` in the order of definition.
  afterAll(() => Promise.all(stops.map((stop) => stop())));
  const temporal = useTemporalServer({ dataConverter });
  return () => {
    const { address, client } = temporal();
    return {
      client,
      /** Starts the workers of a worker process. */
      async startWorkers({ store: reportStore, ...setup }: WorkerSetup): Promise<void> {
        stops.push(await startWorkers({ address, client, dataConverter, reportStore, ...setup }));
      },
      /** `taskTimeoutMs`: the SDK's core repeats a failed task after this time. */
      async startApplicant(
        taskQueue: string,
        clientUserId: string,
        policy: Policy,
        taskTimeoutMs = 10_000,
        more: Partial<CollectRecordsInput> = {},
      ): Promise<Handle> {
        const details = { clientUserId, clientUserEmail: `${clientUserId}@example.org` };
        const input: CollectRecordsInput = { details, detailsDigest: 'digest', policy, ...more };
        const workflowId = applicantWorkflowId(clientUserId);
        const options = { args: [input], taskQueue, workflowId, workflowTaskTimeout: taskTimeoutMs };
        return (await client.workflow.start(COLLECT_RECORDS, options)) as Handle;
      },
    };
  };
}
