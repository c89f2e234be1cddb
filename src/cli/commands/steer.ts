import type { ReasonCode } from '../../domain/steering';
import type { UseCases } from '../../use-cases/use-cases';
import type { SteeredApplicant } from '../../use-cases/views';
import type { ExitStatus } from '../exit-status';
import { readFutureMs } from '../instants';
import { displayInstant } from '../rows';
import { actorOf, addApplicantCommand, type CommandContext, printResult, type RegisterCommand } from './context';
import { reasonOption } from './reason-option';

/** `chartway check <clientUserId>`: reads the status and the list of reports now. */
export const checkCommand: RegisterCommand = (program, select) => {
  addApplicantCommand(
    program,
    'check',
    'Read the status of an open applicant and its list of reports now, instead of at the next poll.',
    (clientUserId) =>
      select((context) =>
        steer(
          context,
          (useCases) => useCases.checkNow(clientUserId, actorOf(context)),
          () => 'check requested; a worker reads the status and the list now',
        ),
      ),
  );
};

/** `chartway finish <clientUserId>`: downloads what is listed now and closes the applicant. */
export const finishCommand: RegisterCommand = (program, select) => {
  addApplicantCommand(
    program,
    'finish',
    'Finish an open applicant: download what is listed now, withdraw the person at Human API and close as collected or partial. Needs a worker.',
    (clientUserId, { reason: reasonCode }: { readonly reason: ReasonCode }) =>
      select((context) =>
        steer(
          context,
          (useCases) => useCases.finishNow(clientUserId, { reasonCode }, actorOf(context)),
          () => `finish requested; \`npm run chartway -- watch ${clientUserId}\` waits for the end`,
        ),
      ),
  ).addOption(reasonOption());
};

/** `chartway extend <clientUserId> --until <time>`: sets the deadline. */
export const extendCommand: RegisterCommand = (program, select) => {
  addApplicantCommand(
    program,
    'extend',
    'Set the deadline of an open applicant, at most a year ahead. Needs a worker.',
    (clientUserId, { until: atMs }: { readonly until: number }) =>
      select((context) =>
        steer(
          context,
          (useCases) => useCases.setDeadline(clientUserId, { atMs }, actorOf(context)),
          ({ applicant }) =>
            `the deadline is ${displayInstant(applicant.deadline?.at ?? new Date(atMs).toISOString())}`,
        ),
      ),
  ).requiredOption(
    '--until <time>',
    'a date, an instant in UTC, or a duration from now: 2026-12-24T12:00:00Z, 14d',
    readFutureMs,
  );
};

/** `chartway retry <clientUserId>`: runs a failing call now. */
export const retryCommand: RegisterCommand = (program, select) => {
  addApplicantCommand(
    program,
    'retry',
    'Run the failing call of an open applicant now, instead of after its back-off. `show` lists failing calls.',
    (clientUserId) =>
      select((context) =>
        steer(
          context,
          (useCases) => useCases.retry(clientUserId, actorOf(context)),
          () => 'the failing call runs now',
        ),
      ),
  );
};

async function steer(
  context: CommandContext,
  act: (useCases: UseCases) => Promise<SteeredApplicant>,
  describe: (steered: SteeredApplicant) => string,
): Promise<ExitStatus> {
  const steered = await act(await context.useCases());
  const { applicant, etag, done } = steered;
  printResult(context, { ...applicant, result: done, etag }, `${applicant.clientUserId}: ${describe(steered)}`);
  return 0;
}
