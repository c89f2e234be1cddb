import { Command, InvalidArgumentError, Option } from 'commander';
import type { SandboxSettings } from './sandbox';

/** How the process is to run. */
export interface SandboxOptions {
  readonly host: string;
  readonly port: number;
  readonly speed: number;
  /** Print the personas instead of serving. */
  readonly listPersonas: boolean;
  readonly settings: SandboxSettings;
}

interface Flags {
  readonly host: string;
  readonly port: number;
  readonly speed: number;
  readonly webhook?: readonly string[];
  readonly webhookSecret?: string;
  readonly signNotices?: true;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly tokenSeconds: number;
  readonly createAnswer?: 'object' | 'array';
  readonly personas?: true;
}

/** Reads flags and, behind them, the environment. Wrong usage is said on stderr and ends the process with status 2, `--help` with 0. */
export function readOptions(argv: readonly string[]): SandboxOptions {
  const command: Command = new Command('sandbox')
    .description(
      'A stand-in for Human API: the hosts /auth, /admin and /data on one port, with made-up people behind them.',
    )
    .addOption(
      option('--port <number>', 'port to listen on; 0: a free one', 'SANDBOX_PORT').default(3002).argParser(port),
    )
    .addOption(option('--host <address>', 'address to listen on', 'SANDBOX_HOST').default('127.0.0.1'))
    .addOption(
      option('--speed <factor>', 'how many times faster than told the stories run', 'SANDBOX_SPEED')
        .default(1)
        .argParser(positive),
    )
    .addOption(option('--webhook <url...>', 'where notices are posted; commas separate several', 'SANDBOX_WEBHOOK_URL'))
    .addOption(option('--webhook-secret <text>', 'Basic password of the notices', 'SANDBOX_WEBHOOK_SECRET'))
    // No variable for a switch: commander takes any value of it for "on", also "off".
    .addOption(new Option('--sign-notices', 'sign notices with the client secret'))
    .addOption(option('--client-id <text>', 'the one client id', 'SANDBOX_CLIENT_ID').default('sandbox-client'))
    .addOption(option('--client-secret <text>', 'its secret', 'SANDBOX_CLIENT_SECRET').default('sandbox-secret'))
    .addOption(
      option('--token-seconds <number>', 'how long a token lives', 'SANDBOX_TOKEN_SECONDS')
        .default(86_400)
        .argParser(positive),
    )
    .addOption(
      option(
        '--create-answer <form>',
        'answer every invitation with 202 and one object or 201 and an array (default: by persona)',
        'SANDBOX_CREATE_ANSWER',
      ).choices(['object', 'array']),
    )
    .addOption(new Option('--personas', 'list the personas and exit'))
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
    .allowExcessArguments(false)
    .parse(argv);
  const flags = command.opts<Flags>();
  const urls = webhookUrls(flags.webhook ?? []);
  // Said without the value that came: its path or user part may be a secret.
  if (!urls)
    command.error('error: --webhook (SANDBOX_WEBHOOK_URL) expects http or https URLs without a password in them');
  return fromFlags(flags, urls);
}

function fromFlags(flags: Flags, urls: readonly URL[]): SandboxOptions {
  return {
    host: flags.host,
    port: flags.port,
    speed: flags.speed,
    listPersonas: flags.personas ?? false,
    settings: {
      credentials: { clientId: flags.clientId, clientSecret: flags.clientSecret },
      webhook: {
        urls,
        secret: flags.webhookSecret || null,
        signingSecret: flags.signNotices ? flags.clientSecret : null,
      },
      tokenLifetimeSeconds: flags.tokenSeconds,
      createAnswer: flags.createAnswer ?? null,
    },
  };
}

function option(flags: string, description: string, variable: string): Option {
  return new Option(flags, description).env(variable);
}

function port(text: string): number {
  const number = Number(text);
  if (!/^\d{1,5}$/.test(text) || number > 65_535) throw new InvalidArgumentError('expected a port from 0 to 65535.');
  return number;
}

function positive(text: string): number {
  const number = Number(text);
  if (text.trim() === '' || !Number.isFinite(number) || number <= 0)
    throw new InvalidArgumentError('expected a number above zero.');
  return number;
}

/** The URLs of a list; null where one is no http URL or carries a password (that belongs into SANDBOX_WEBHOOK_SECRET). */
function webhookUrls(texts: readonly string[]): URL[] | null {
  const parts = texts.flatMap((text) => text.split(',')).map((part) => part.trim());
  const listed = parts.filter((part) => part !== '');
  if (!listed.every((part) => URL.canParse(part))) return null;
  const urls = listed.map((part) => new URL(part));
  return urls.every((url) => /^https?:$/.test(url.protocol) && url.username + url.password === '') ? urls : null;
}
