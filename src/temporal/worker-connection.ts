import { NativeConnection } from '@temporalio/worker';
import { probe, untilReachable, type Waiting } from './connection';
import { grpcProxy } from './proxy';
import type { TemporalSettings } from './settings';

/**
 * A worker's connection, once its server has answered for our namespace. Apart from `connection.ts` because it loads the SDK's native core,
 * which no other process needs. @throws TemporalUnreachable; TemporalRefused; the signal's reason
 */
export function connectWorker(settings: TemporalSettings, waiting: Waiting): Promise<NativeConnection> {
  const proxy = grpcProxy(settings.connection.address);
  return untilReachable(settings, waiting, async () => {
    const connection = await NativeConnection.connect({ ...settings.connection, ...(proxy && { proxy }) });
    try {
      await probe(connection, settings.namespace);
      return connection;
    } catch (error) {
      await connection.close();
      throw error;
    }
  });
}
