import { NativeConnection } from '@temporalio/worker';
import { probeNamespace, type ReachOptions, waitUntilReachable } from './connection';
import { grpcProxy } from './grpc-proxy';
import type { TemporalSettings } from './settings';

/**
 * A worker's connection, once its server has answered for the namespace. Not in `connection.ts`, because it loads the SDK's native core, which
 * no other process needs. @throws TemporalUnreachable; TemporalRejected; the signal's reason
 */
export function connectWorker(settings: TemporalSettings, options: ReachOptions): Promise<NativeConnection> {
  const proxy = grpcProxy(settings.connection.address);
  return waitUntilReachable(settings, options, async () => {
    const connection = await NativeConnection.connect({ ...settings.connection, ...(proxy && { proxy }) });
    try {
      await probeNamespace(connection, settings.namespace);
      return connection;
    } catch (error) {
      await connection.close();
      throw error;
    }
  });
}
