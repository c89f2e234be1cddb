import { setting } from '../process/setting';

const name = setting('1 to 100 letters, digits, "_" or "-"', (text) => (/^[\w-]{1,100}$/.test(text) ? text : null));

/** The variables about worker deployment versioning; without a name there is none. */
export const DEPLOYMENT_VARIABLES = {
  WORKER_DEPLOYMENT_NAME: name.optional(),
  WORKER_BUILD_ID: setting('1 to 100 letters, digits, ".", "_" or "-"', (text) =>
    /^[\w.-]{1,100}$/.test(text) ? text : null,
  ).optional(),
};

/** What a worker tells Temporal of itself. */
export interface Deployment {
  /** Of the worker deployment; null: no deployment versioning. */
  readonly name: string | null;
  /** Which code runs; null: a digest of the workflow bundle. */
  readonly buildId: string | null;
}
