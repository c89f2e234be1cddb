/**
 * The process that reads the configuration: it checks the form of all variables and requires the ones that it uses. `verifier`: a command that only
 * reads files of the audit log.
 */
export type ProcessName = 'worker' | 'webhook' | 'api' | 'starter' | 'chartway' | 'dev' | 'verifier';

/** Whether it is a command, which uses the installation of a running `npm start`. */
export function isCommand(processName: ProcessName): boolean {
  return processName === 'starter' || processName === 'chartway';
}
