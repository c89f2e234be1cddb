import { openApplicantsText } from '../../src/cli/applicants-text';
import type { StarterArguments } from '../../src/cli/arguments';
import { runStarter, type StarterDeps } from '../../src/cli/starter';
import { DEFAULT_POLICY } from '../../src/domain/policy';
import type { AuditEntry } from '../../src/observability/audit';
import type { Applicants } from '../../src/temporal/applicants';
import { PLAIN_ARGUMENTS } from '../support/fake-applicants';

/** Runs the starter, with `--json` unless `args` changes that. `record` is called before an audit entry counts as recorded. */
export function startRun(options: {
  readonly args: Partial<StarterArguments> & Pick<StarterArguments, 'source'>;
  readonly applicants: Applicants;
  readonly record?: ((entry: AuditEntry) => Promise<void>) | undefined;
  readonly deps?: Partial<StarterDeps> | undefined;
}) {
  const printed: string[] = [];
  const written: string[] = [];
  const audited: AuditEntry[] = [];
  const calls = { connect: 0, audit: 0 };
  const stopping = new AbortController();
  const record = async (entry: AuditEntry) => {
    await options.record?.(entry);
    audited.push(entry);
  };
  const status = runStarter(
    { ...PLAIN_ARGUMENTS, ...options.args },
    {
      connect: async () => {
        calls.connect += 1;
        return options.applicants;
      },
      policy: DEFAULT_POLICY,
      audit: async () => {
        calls.audit += 1;
        return { record };
      },
      actor: 'cli:tester',
      openFile: openApplicantsText,
      print: (line) => void printed.push(line),
      terminal: { write: (text) => void written.push(text), showProgress: () => {}, clearProgress: () => {} },
      signal: stopping.signal,
      ...options.deps,
    },
  );
  return { status, printed, written, audited, calls, stopping };
}

/** The JSON objects of lines. */
export function parseLines<Line>(lines: readonly string[]): Line[] {
  return lines.map((line) => JSON.parse(line));
}
