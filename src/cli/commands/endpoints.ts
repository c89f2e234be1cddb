import { InvalidArgumentError } from 'commander';
import type { EndpointView } from '../../use-cases/views';
import type { ExitStatus } from '../exit-status';
import { readInstant } from '../instants';
import { displayInstant, printRows } from '../rows';
import { warnIfDegraded } from './applicant-text';
import { actorOf, type CommandContext, printResult, type RegisterCommand } from './context';

/** `chartway endpoints`: the receivers of outbound events. */
export const endpointsCommand: RegisterCommand = (program, select) => {
  const command = program
    .command('endpoints')
    .description('List the endpoints of EVENTS_URL with their states.')
    .action(() => select(list));
  const addAct = (act: 'pause' | 'resume' | 'test', description: string) =>
    command
      .command(act)
      .description(description)
      .argument('<name>', 'the name of the endpoint', readEndpointName)
      .action((name: string) => select((context) => ACTS[act](context, name)));
  addAct('pause', 'Send nothing until it is resumed. Events wait.');
  addAct('resume', 'Send again to an endpoint that is paused, has stopped with 410, or fails.');
  addAct('test', 'Send a test event now, and print what the receiver answers.');
  command
    .command('recover')
    .description('Send what was not delivered of the events of a period.')
    .argument('<name>', 'the name of the endpoint', readEndpointName)
    .requiredOption('--since <instant>', 'made at this time or later: 2026-12-01 or 2026-12-01T08:00:00Z', readInstant)
    .option('--until <instant>', 'made at this time or earlier; default: now', readInstant)
    .action((name: string, { since, until = new Date() }: { readonly since: Date; readonly until?: Date }) =>
      select((context) => recover(context, name, since, until)),
    );
};

const ACTS = {
  pause: async (context: CommandContext, name: string): Promise<ExitStatus> =>
    printState(context, await (await context.useCases()).pauseEndpoint(name, actorOf(context))),
  resume: async (context: CommandContext, name: string): Promise<ExitStatus> =>
    printState(context, await (await context.useCases()).resumeEndpoint(name, actorOf(context))),
  async test(context: CommandContext, name: string): Promise<ExitStatus> {
    const result = await (await context.useCases()).testEndpoint(name, actorOf(context));
    const { delivered, status, failure, durationMs } = result;
    const text = delivered
      ? `delivered (${status})`
      : `not delivered: ${failure}${status === null ? '' : ` ${status}`}`;
    printResult(context, result, `${name}: ${text}, ${durationMs} ms`);
    return delivered ? 0 : 1;
  },
};

async function list(context: CommandContext): Promise<ExitStatus> {
  const { items, degraded } = await (await context.useCases()).endpoints();
  if (context.json) for (const item of items) context.print(JSON.stringify(item));
  else printRows(context, HEADER, items.map(toRow));
  if (items.length === 0) context.terminal.write('EVENTS_URL is not set, so there are no events');
  warnIfDegraded(context, degraded);
  return degraded.length > 0 ? 3 : 0;
}

async function recover(context: CommandContext, name: string, since: Date, until: Date): Promise<ExitStatus> {
  const period = { sinceMs: since.getTime(), untilMs: until.getTime() };
  const endpoint = await (await context.useCases()).recoverEndpoint(name, period, actorOf(context));
  printResult(
    context,
    endpoint,
    `${name}: the recovery has begun; \`npm run chartway -- deliveries\` shows its events`,
  );
  return 0;
}

function printState(context: CommandContext, endpoint: EndpointView): ExitStatus {
  printResult(context, endpoint, `${endpoint.name}: ${endpoint.state}`);
  return 0;
}

const HEADER = ['name', 'state', 'since', 'oldest pending', 'last success', 'url'];

function toRow({ name, state, since, oldestPending, lastSuccess, url }: EndpointView) {
  return [name, state, ...[since, oldestPending, lastSuccess].map(displayInstant), url];
}

/** The value of an argument. @throws {InvalidArgumentError} without the value */
export function readEndpointName(text: string): string {
  if (/^[0-9a-f]{12}$/.test(text)) return text;
  throw new InvalidArgumentError('Expected the name of an endpoint: 12 hex digits, as `endpoints` prints it.');
}
