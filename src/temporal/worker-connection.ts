import { NativeConnection } from '@temporalio/worker';
import { probe, untilReachable, type Waiting } from './connection';
import type { TemporalSettings } from './settings';

/**
 * A worker's connection, once its server has answered for our namespace. Apart from `connection.ts` because it loads the SDK's native core,
 * which no other process needs. @throws TemporalUnreachable; the signal's reason
 */
export function connectWorker(settings: TemporalSettings, waiting: Waiting): Promise<NativeConnection> {
  return untilReachable(settings, waiting, async () => {
    const connection = await NativeConnection.connect(settings.connection);
    try {
      await probe(connection, settings.namespace);
      return connection;
    } catch (error) {
      await connection.close();
      throw error;
    }
  });
}
