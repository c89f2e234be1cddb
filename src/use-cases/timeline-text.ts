import { OUTCOMES, REASONS } from '../domain/outcome';
import { REASON_CODES } from '../domain/steering';
import type { TimelineEntry, TimelineKind } from '../domain/timeline';

type Data = NonNullable<TimelineEntry['data']>;

/** Types, formats and names of calls have this form. A text of another form is left out. */
const CODE = /^[A-Za-z][A-Za-z0-9 _-]{0,59}$/;

const TEXTS: Readonly<Record<TimelineKind, string | ((data: Data) => string)>> = {
  started: 'The applicant was started.',
  invited: 'The person was invited.',
  adopted: 'The person exists upstream already, and is followed without another invitation.',
  status: (data) => `The status became ${statusOf(data)}.`,
  'reports-listed': (data) => `The list of reports was read${countOf(data, 'count', 'report')}.`,
  'document-stored': (data) => `A document was stored${codeOf(data, 'type', ': ')}${codeOf(data, 'format', ', ')}.`,
  quiet: 'Nothing has happened for longer than usual.',
  'call-stuck': (data) => `A call${codeOf(data, 'call', ' (', ')')} has failed for minutes, and is retried.`,
  'call-recovered': (data) => `The call${codeOf(data, 'call', ' (', ')')} succeeds again.`,
  'cancel-requested': (data) => `An operator cancelled the applicant${reasonCodeOf(data)}.`,
  'check-requested': 'An operator requested a check of status and reports.',
  'finish-requested': (data) => `An operator requested the end with what is listed now${reasonCodeOf(data)}.`,
  'deadline-changed': (data) => `An operator moved the deadline${timeOf(data, 'atMs', ' to ')}.`,
  snoozed: (data) => `An operator snoozed the needs${timeOf(data, 'untilMs', ' until ')}.`,
  'deadline-reached': (data) => `The deadline${codeOf(data, 'deadline', ' of the ')} was reached.`,
  withdrawn: 'The person was withdrawn upstream.',
  closed: (data) => `The applicant closed${outcomeOf(data)}.`,
};

/** One sentence without personal data. It shows how often a repeated entry happened. */
export function describeEntry({ kind, data = {}, count = 1 }: TimelineEntry): string {
  // A later version may write a kind that this one does not know.
  const text = TEXTS[kind] ?? 'Something happened that this version does not know.';
  const sentence = typeof text === 'string' ? text : text(data);
  return count === 1 ? sentence : `${sentence.slice(0, -1)} (${count} times).`;
}

function codeOf(data: Data, field: string, before: string, after = ''): string {
  const value = data[field];
  return typeof value === 'string' && CODE.test(value) ? `${before}${value}${after}` : '';
}

function timeOf(data: Data, field: string, before: string): string {
  const ms = data[field];
  return typeof ms === 'number' ? `${before}${new Date(ms).toISOString()}` : '';
}

/** `status` is the kind of a status, because the text of an unknown one may be anything. */
function statusOf({ status }: Data): string {
  const isKnown = typeof status === 'string' && status !== 'unknown' && CODE.test(status);
  return isKnown ? `"${status.replaceAll('-', ' ')}"` : 'an unknown one';
}

function countOf(data: Data, field: string, noun: string): string {
  const value = data[field];
  return typeof value === 'number' ? `: ${value} ${noun}${value === 1 ? '' : 's'}` : '';
}

function reasonCodeOf({ reasonCode }: Data): string {
  const code = REASON_CODES.find((each) => each === reasonCode);
  return code === undefined ? '' : ` (${code})`;
}

function outcomeOf(data: Data): string {
  const outcome = OUTCOMES.find((each) => each === data['outcome']);
  const reason = REASONS.find((each) => each === data['reason']);
  return outcome === undefined ? '' : `: ${outcome}${reason === undefined ? '' : ` (${reason})`}`;
}
