import { type ProcessName, readConfig } from '../../src/config';
import { ConfigurationError, type ConfigurationFault } from '../../src/process/configuration-fault';

/** The faults of an environment for a process; none if it can start. `folder`: where `.env` can be. */
export function readFaults(
  processName: ProcessName,
  env: Readonly<Record<string, string | undefined>>,
  folder = '/nowhere',
): readonly ConfigurationFault[] {
  try {
    readConfig(processName, env, folder);
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return error.faults;
    throw error;
  }
}
