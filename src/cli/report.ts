import type { ApplicantSummary, StartResult } from '../temporal/applicants';
import type { InvalidDetails } from './details';
import type { Terminal } from './terminal';

/** Where an applicant stands: a file and the line of its row; neither for a single one. */
export interface Place {
  readonly file?: string;
  readonly line?: number;
  /** The line of the row that this one repeats. */
  readonly repeats?: number;
}

/** Tells what became of each applicant, and keeps the count. */
export interface Report {
  started(started: StartResult, place: Place): void;
  closed(summary: ApplicantSummary, place: Place): void;
  /** Prints the humanId for people, once, as soon as there is one: it has no JSON line of its own. */
  known(summary: ApplicantSummary, place: Place): void;
  /** A row that says what an earlier one said, and is not started again: with what became of that, null in a dry run. */
  repeat(clientUserId: string, place: Place, earlier: StartResult | null): void;
  invalid(details: InvalidDetails, place: Place): void;
  /** Right, and not started, for this is a dry run: no JSON line, for none of its results would be true. */
  right(clientUserId: string, place: Place): void;
  /** `12 rows: 10 started, 2 invalid`. */
  counts(): string;
  /** Whether anything stands against exit status 0. */
  allWell(): boolean;
}

const COUNTED = ['started', 'running', 'closed', 'conflict', 'invalid', 'right', 'repeated'] as const;

/**
 * JSON lines go to `out`, text for people to the terminal. Of a file only the rows that are not well get a text of their own.
 * `wait`: a failed applicant counts against the exit status.
 */
export function createReport(options: {
  readonly terminal: Terminal;
  readonly out: (line: string) => void;
  readonly json: boolean;
  readonly wait: boolean;
}): Report {
  const { terminal, out, json, wait } = options;
  const counts = new Map<(typeof COUNTED)[number], number>();
  const withHumanId = new Set<string>();
  let failed = 0;
  const count = (what: (typeof COUNTED)[number]) => counts.set(what, (counts.get(what) ?? 0) + 1);
  const line = (fields: object) => {
    if (json) out(JSON.stringify(fields));
  };
  const judge = ({ standing, outcome }: ApplicantSummary) => {
    if (wait && standing !== 'open' && (outcome === null || outcome === 'failed')) failed += 1;
  };

  const known = ({ clientUserId, humanId }: ApplicantSummary, place: Place) => {
    if (humanId === null || withHumanId.has(clientUserId)) return;
    withHumanId.add(clientUserId);
    terminal.say(`${at(place)}${clientUserId}: humanId ${humanId}`);
  };

  return {
    started(started, place) {
      count(started.result);
      if (started.result !== 'conflict') judge(started);
      line({ ...lineOf(started, started.result), ...place });
      if (place.line === undefined || started.result === 'conflict') {
        terminal.say(`${at(place)}${started.clientUserId}: ${IN_WORDS[started.result](started)}`);
      }
      if (place.line === undefined && started.result !== 'conflict') known(started, place);
    },
    known,
    repeat(clientUserId, place, earlier) {
      count('repeated');
      if (earlier) {
        const result = earlier.result === 'started' ? 'running' : earlier.result;
        line({ ...lineOf(earlier, result), ...place });
      }
      terminal.say(`${at(place, 'clientUserId')}repeats line ${place.repeats} (${clientUserId})`);
    },
    closed(summary, place) {
      judge(summary);
      known(summary, place);
      line({ ...lineOf(summary, 'closed'), ...place });
      terminal.say(`${at(place)}${summary.clientUserId}: closed${outcomeOf(summary)}`);
    },
    invalid({ clientUserId, errors }, place) {
      count('invalid');
      const nowhere = { humanId: null, workflowId: null, stage: null, outcome: null, reason: null };
      line({ ...lineOf({ clientUserId, ...nowhere }, 'invalid'), ...place, errors });
      const whose = clientUserId === null ? '' : ` (${clientUserId})`;
      for (const { field, expected } of errors) terminal.say(`${at(place, field)}expected ${expected}${whose}`);
    },
    right(clientUserId, place) {
      count('right');
      if (place.line === undefined) terminal.say(`${clientUserId}: is right; not started, for this is a dry run`);
    },
    counts() {
      const total = [...counts.values()].reduce((sum, number) => sum + number, 0);
      const parts = COUNTED.filter((what) => counts.has(what)).map((what) => `${counts.get(what)} ${what}`);
      return `${total} rows${parts.length > 0 ? `: ${parts.join(', ')}` : ''}`;
    },
    allWell: () => failed === 0 && !counts.has('conflict') && !counts.has('invalid'),
  };
}

const IN_WORDS: Readonly<Record<StartResult['result'], (started: StartResult) => string>> = {
  started: ({ workflowId }) => `started as ${workflowId}`,
  running: ({ stage }) => `was started before and is running${stage === null ? '' : `, stage ${stage}`}`,
  closed: (started) => `was started before and has closed${outcomeOf(started)}`,
  conflict: ({ standing }) =>
    'conflict: an applicant of this clientUserId was started with other details, and is left as it is; ' +
    (standing === 'open'
      ? 'correct the details or the clientUserId'
      : 'correct them, or begin a new round with --again'),
};

function outcomeOf({ outcome, reason }: ApplicantSummary): string {
  if (outcome === null) return ' without an outcome';
  return `: ${outcome}${reason === null ? '' : ` (${reason})`}`;
}

type Told = Pick<ApplicantSummary, 'stage' | 'outcome' | 'reason'> &
  Record<'clientUserId' | 'humanId' | 'workflowId', string | null>;

/** The fields of a JSON line that every applicant has. */
function lineOf(
  { clientUserId, humanId, workflowId, stage, outcome, reason }: Told,
  result: StartResult['result'] | 'invalid',
) {
  return { clientUserId, humanId, workflowId, result, stage, outcome, reason };
}

/** `applicants.csv, line 8, dateOfBirth: `, as far as there is a file or a field. */
function at({ file, line }: Place, field?: string): string {
  const row = line === undefined ? [] : [file === '-' ? 'standard input' : file, `line ${line}`];
  const where = [...row, ...(field === undefined ? [] : [field])];
  return where.length > 0 ? `${where.join(', ')}: ` : '';
}
