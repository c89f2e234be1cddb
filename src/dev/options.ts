import type { PayloadSettings } from '../temporal/payload-settings';
import type { TemporalSettings } from '../temporal/settings';
import type { PersonaSelection } from './samples';

/** The command line and the configuration of `npm start`. */
export interface DevOptions {
  /** End when the samples have closed. */
  readonly once: boolean;
  readonly personas: PersonaSelection;
  /** Remove the data of the sandbox first: after a question, or without one. */
  readonly fresh: 'ask' | 'yes' | null;
  /** Holds the database, the logs, the secrets. */
  readonly dataFolder: string;
  readonly logFolder: string;
  /** The address of the report store, for display. */
  readonly reports: string;
  /** Creates the report store if it is missing. */
  readonly initStore: () => Promise<void>;
  /** The environment that every process inherits. */
  readonly env: NodeJS.ProcessEnv;
  /** True without credentials: the sandbox replaces Human API. */
  readonly usesSandbox: boolean;
  /** The configured server; null: start a dev server with the namespace below. */
  readonly temporal: TemporalSettings | null;
  readonly namespace: string;
  /** Null: encrypt with generated keys. */
  readonly payload: PayloadSettings | null;
  readonly taskQueue: string;
  readonly webhook: {
    readonly host: string;
    readonly port: number;
    /** The entries of AUDIT_KEY for the webhook. */
    readonly auditKey: string;
    readonly hasSecret: boolean;
    /** Null: plain HTTP. With the sandbox it is always plain HTTP. */
    readonly tls: object | null;
  };
  /** The api process runs only with the dev server. */
  readonly apiPort: number;
  /** For the worker; the webhook serves its metrics one port higher, the api two. Null: no metrics. */
  readonly metricsPort: number | null;
}
