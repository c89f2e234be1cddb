import { DefaultLogger, Runtime } from '@temporalio/worker';

let isInstalled = false;

/** Silences the SDK's core, once a process: it logs every start, every stop, and each task that a test makes fail. */
export function installRuntime(): void {
  if (isInstalled) return;
  isInstalled = true;
  Runtime.install({
    logger: new DefaultLogger('ERROR', () => {}),
    telemetryOptions: { logging: { filter: { core: 'ERROR', other: 'ERROR' }, forward: {} } },
  });
}
