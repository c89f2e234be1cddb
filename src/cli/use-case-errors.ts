import { AuditUnreadable } from '../observability/audit-read';
import { StoreError } from '../report-store/errors';
import { describeLateRejection } from '../temporal/rejection';
import {
  DetailsConflict,
  type InputFault,
  InvalidInput,
  NotFound,
  NotNow,
  PreconditionFailed,
  PreconditionRequired,
  Unavailable,
  type UseCaseError,
} from '../use-cases/errors';
import type { ApplicantView } from '../use-cases/views';
import { optionOf } from './option-names';
import { describeConflict, describeState } from './state-text';

/** The exit status of a use case that was not done. */
export function useCaseStatus(error: UseCaseError): 1 | 2 | 3 {
  // A rejected key or certificate fails again.
  if (error instanceof Unavailable) return describeLateRejection(error) === null ? 3 : 1;
  return error instanceof InvalidInput || error instanceof PreconditionRequired ? 2 : 1;
}

/** One sentence: what came, and what to do next. */
export function describeUseCaseError(error: UseCaseError): string {
  if (error instanceof NotFound) return `${error.message}; check the id`;
  if (error instanceof DetailsConflict) {
    const { current, differs } = error;
    return `${current.clientUserId}: ${describeConflict(current.open, differs)}`;
  }
  if (error instanceof NotNow) return `${error.current.clientUserId}: not done: ${describeRefusal(error)}`;
  if (error instanceof PreconditionFailed)
    return `${error.current.clientUserId}: not started, because the applicant has changed since it was read: ${describeState(error.current)}; \`npm run chartway -- show ${error.current.clientUserId} --json\` prints its state and its etag`;
  if (error instanceof PreconditionRequired) return 'expected --if-match with --again';
  if (error instanceof InvalidInput) return error.errors.map(describeFault).join('\n');
  if (error instanceof Unavailable) return describeOutage(error);
  return error.message;
}

function describeRefusal({ why, current }: NotNow): string {
  return REFUSAL_TEXT[why](current);
}

const REFUSAL_TEXT: Readonly<Record<NotNow['why'], (current: ApplicantView) => string>> = {
  closed: (current) =>
    `it has closed already (${current.outcome ?? 'terminated'}); \`npm run chartway -- start ${current.clientUserId} --email <address> --again\` begins a new round`,
  closing: () => 'it is closing, and its outcome is decided',
  inviting: () => 'the person is being invited; try again in a minute',
  cancelling: () => 'it is being cancelled',
  withdrawing: () => 'the person is being withdrawn; try again in a minute',
  'no-call-waits': () => 'no failing call waits for its retry',
  open: ({ clientUserId }) =>
    `it is open; wait until it closes, or cancel it: \`npm run chartway -- cancel ${clientUserId}\``,
  'in-the-past': () => '--until: expected a time in the future',
  'too-far-ahead': () => '--until: expected a time within a year',
  'not-invited-yet': () => 'the person is not invited yet; try again in a minute',
};

/** `--date-of-birth: expected ...`; the pointer or parameter is one of our names. */
function describeFault({ pointer, parameter, expected }: InputFault): string {
  const field = parameter ?? pointer?.replace(/^\//, '').replaceAll('/', '.');
  return `${field === undefined || field === '' ? '' : `${optionOf(field)}: `}expected ${expected}`;
}

const OUTAGE_TEXT: Readonly<Record<Unavailable['what'], string>> = {
  temporal: 'Temporal did not answer',
  worker: 'no worker answered; start one, or check TASK_QUEUE',
  store: 'the report store did not answer; check REPORT_STORE and its disk',
  audit: 'the audit log cannot be read; check AUDIT_LOG and its permissions',
};

function describeOutage(error: Unavailable): string {
  const { what, done, cause } = error;
  const rejection = describeLateRejection(error);
  if (rejection !== null) return rejection;
  const extent = done === 'nothing' ? 'nothing was done' : 'it is unknown whether it was done';
  const failure = cause instanceof StoreError || cause instanceof AuditUnreadable ? cause.message : OUTAGE_TEXT[what];
  return `${failure}; ${extent}. Run the same command again: repeating it is safe`;
}
