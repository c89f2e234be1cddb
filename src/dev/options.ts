import path from 'node:path';
import type { Config } from '../config';
import { DEV_FOLDER } from '../process/dev-run';
import type { StartArguments } from './arguments';

/** In the folder in which the command runs, next to `.env` and the reports: the database, the logs, the secrets. */
export const DATA_FOLDER = DEV_FOLDER;
export const LOG_FOLDER = path.join(DATA_FOLDER, 'logs');

/** The command line and the configuration of `npm start`. */
export interface DevOptions {
  readonly args: StartArguments;
  readonly config: Config;
  /** Creates the report store if it is missing. */
  readonly initStore: () => Promise<void>;
}

/** True without credentials: the sandbox replaces Human API. */
export function usesSandbox({ config }: DevOptions): boolean {
  return config.humanApi.clientId === null;
}
