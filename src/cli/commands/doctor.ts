import { styleText } from 'node:util';

import {
  checkSearchAttributes,
  checkSpool,
  checkStore,
  checkStuckRuns,
  checkTemporal,
  checkVersions,
  checkWorker,
} from '../../use-cases/checks';
import { readVersion } from '../../use-cases/version';
import type { CheckView } from '../../use-cases/views';
import type { ExitStatus } from '../exit-status';
import { checkAuditLog, checkClock, checkKeys, checkUpstreamLogin, checkWebhook } from '../installation-checks';
import type { CommandContext, RegisterCommand } from './context';

/** `chartway doctor`: checks this installation. Changes nothing. */
export const doctorCommand: RegisterCommand = (program, select) => {
  program
    .command('doctor')
    .description(
      'Check this installation: Temporal, search attributes, worker, stuck runs, login at Human API, webhook, report store, clock, keys, audit log, spool and versions. Changes nothing.',
    )
    .addHelpText(
      'after',
      '\nEach line is ok, skipped, or says what to do. Exit status: 0 nothing to do; 1 something to do; 3 Temporal does not answer, so a part could not be checked.',
    )
    .action(() => select(examine));
};

async function examine(context: CommandContext): Promise<ExitStatus> {
  const { installation, auditKeys, auditFolder, spoolFolder } = context;
  const [temporal, ...temporalChecks] = await checkTemporalParts(context);
  const otherChecks = await Promise.all([
    checkUpstreamLogin(installation),
    checkWebhook(installation),
    checkStore(context.reportStore()),
    checkClock(installation),
    checkKeys(installation, auditKeys),
    checkAuditLog(auditFolder),
    checkSpool(spoolFolder),
  ]);
  context.signal.throwIfAborted();
  const checks = [temporal, ...temporalChecks, ...otherChecks];
  for (const check of checks) context.print(context.json ? JSON.stringify(check) : describeCheck(context, check));
  if (temporal.ok !== true) return 3;
  return checks.some(({ ok }) => ok === false) ? 1 : 0;
}

async function checkTemporalParts(context: CommandContext): Promise<readonly [CheckView, ...CheckView[]]> {
  const { taskQueue } = context;
  const temporal = await checkTemporal(context.temporal);
  if (temporal.ok !== true) return [temporal];
  const client = await context.temporal();
  const versions = { Chartway: readVersion(), 'Node.js': process.versions.node };
  const otherChecks = [
    checkSearchAttributes(client),
    checkWorker({ client, taskQueue }),
    checkStuckRuns({ client, taskQueue }),
    checkVersions(client, versions),
  ];
  return [temporal, ...(await Promise.all(otherChecks))];
}

const WIDTH = 'search-attributes'.length;

function describeCheck({ screen }: CommandContext, { check, ok, text, action }: CheckView): string {
  const [mark, color] =
    ok === null ? (['-   ', 'dim'] as const) : ok ? (['ok  ', 'green'] as const) : (['FAIL', 'red'] as const);
  const shown = screen?.hasColor ? styleText(color, mark) : mark;
  return `${shown}  ${check.padEnd(WIDTH)}  ${text}${action === null ? '' : `; ${action}`}`;
}
