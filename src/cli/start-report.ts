import type { ApplicantSummary, StartResult } from '../temporal/applicants';
import type { InvalidDetails } from '../use-cases/applicant-details';
import { describeClosing, describeConflict, describeEarlierClosing, describeRunning } from './state-text';
import type { Terminal } from './terminal';

/** The position of a row; empty for a single applicant. */
export interface CsvPosition {
  readonly file?: string;
  readonly line?: number;
  /** The line of the row that this one repeats. */
  readonly repeats?: number;
}

/** Prints the result of each applicant and counts the results. */
export interface StartReport {
  printStarted(started: StartResult, position: CsvPosition): void;
  printClosed(summary: ApplicantSummary, position: CsvPosition): void;
  /** Prints the humanId once, as soon as it is known. It has no JSON line. */
  printHumanId(summary: ApplicantSummary, position: CsvPosition): void;
  /** A row that repeats an earlier one and is not started. `earlier`: the result of that one, null in a dry run. */
  printRepeat(clientUserId: string, position: CsvPosition, earlier: StartResult | null): void;
  printInvalid(details: InvalidDetails, position: CsvPosition): void;
  /** A valid applicant of a dry run. No JSON line, because it has no result. */
  printValid(clientUserId: string, position: CsvPosition): void;
  /** `12 rows: 10 started, 2 invalid`. */
  describeCounts(): string;
  isSuccess(): boolean;
}

const RESULTS = ['started', 'running', 'closed', 'conflict', 'invalid', 'valid', 'repeated'] as const;

/**
 * Prints JSON lines on stdout and messages on the terminal. Only the rows of a file that need attention get a message. With `wait`, a failed
 * applicant makes the command fail.
 */
export function createStartReport(options: {
  readonly terminal: Terminal;
  readonly print: (line: string) => void;
  readonly json: boolean;
  readonly wait: boolean;
}): StartReport {
  const { terminal, print, json, wait } = options;
  const counts = new Map<(typeof RESULTS)[number], number>();
  const printedHumanIds = new Set<string>();
  let failed = 0;
  const count = (result: (typeof RESULTS)[number]) => counts.set(result, (counts.get(result) ?? 0) + 1);
  const printJson = (fields: object) => {
    if (json) print(JSON.stringify(fields));
  };
  const countFailure = ({ standing, outcome }: ApplicantSummary) => {
    if (wait && standing !== 'open' && (outcome === null || outcome === 'failed')) failed += 1;
  };
  const printHumanId = ({ clientUserId, humanId }: ApplicantSummary, position: CsvPosition) => {
    if (humanId === null || printedHumanIds.has(clientUserId)) return;
    printedHumanIds.add(clientUserId);
    terminal.write(`${displayPosition(position)}${clientUserId}: humanId ${humanId}`);
  };

  return {
    printHumanId,
    printStarted(started, position) {
      const { result, clientUserId } = started;
      count(result);
      if (result !== 'conflict') countFailure(started);
      printJson({ ...summaryFields(started, result), ...position });
      const isSingle = position.line === undefined;
      if (isSingle || result === 'conflict')
        terminal.write(`${displayPosition(position)}${clientUserId}: ${TEXT[result](started)}`);
      if (isSingle && result !== 'conflict') printHumanId(started, position);
    },
    printRepeat(clientUserId, position, earlier) {
      count('repeated');
      if (earlier) {
        const result = earlier.result === 'started' ? 'running' : earlier.result;
        printJson({ ...summaryFields(earlier, result), ...position });
      }
      terminal.write(`${displayPosition(position, 'clientUserId')}repeats line ${position.repeats} (${clientUserId})`);
    },
    printClosed(summary, position) {
      countFailure(summary);
      printHumanId(summary, position);
      printJson({ ...summaryFields(summary, 'closed'), ...position });
      terminal.write(`${displayPosition(position)}${summary.clientUserId}: ${describeClosing(summary)}`);
    },
    printInvalid({ clientUserId, errors }, position) {
      count('invalid');
      const unknown = { humanId: null, workflowId: null, stage: null, outcome: null, reason: null };
      printJson({ ...summaryFields({ clientUserId, ...unknown }, 'invalid'), ...position, errors });
      const id = clientUserId === null ? '' : ` (${clientUserId})`;
      for (const { field, expected } of errors)
        terminal.write(`${displayPosition(position, field)}expected ${expected}${id}`);
    },
    printValid(clientUserId, position) {
      count('valid');
      if (position.line === undefined) terminal.write(`${clientUserId}: valid; not started (dry run)`);
    },
    describeCounts() {
      const total = [...counts.values()].reduce((sum, number) => sum + number, 0);
      const parts = RESULTS.filter((result) => counts.has(result)).map((result) => `${counts.get(result)} ${result}`);
      return `${total} rows${parts.length > 0 ? `: ${parts.join(', ')}` : ''}`;
    },
    isSuccess: () => failed === 0 && !counts.has('conflict') && !counts.has('invalid'),
  };
}

const TEXT: Readonly<Record<StartResult['result'], (started: StartResult) => string>> = {
  started: ({ workflowId }) => `started as ${workflowId}`,
  running: ({ stage }) => describeRunning(stage),
  closed: describeEarlierClosing,
  conflict: ({ standing }) => describeConflict(standing === 'open', null),
};

type SummaryFields = Pick<ApplicantSummary, 'stage' | 'outcome' | 'reason'> &
  Record<'clientUserId' | 'humanId' | 'workflowId', string | null>;

/** The fields of every JSON line. */
function summaryFields(
  { clientUserId, humanId, workflowId, stage, outcome, reason }: SummaryFields,
  result: StartResult['result'] | 'invalid',
) {
  return { clientUserId, humanId, workflowId, result, stage, outcome, reason };
}

/** `applicants.csv, line 8, dateOfBirth: `, without the parts that are not given. */
function displayPosition({ file, line }: CsvPosition, field?: string): string {
  const row = line === undefined ? [] : [file === '-' ? 'standard input' : file, `line ${line}`];
  const parts = [...row, ...(field === undefined ? [] : [field])];
  return parts.length > 0 ? `${parts.join(', ')}: ` : '';
}
