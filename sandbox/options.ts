import { Command, InvalidArgumentError, Option } from 'commander';
import type { SandboxSettings } from './sandbox';

/** How the process is to run. */
export interface SandboxOptions {
  readonly host: string;
  readonly port: number;
  /** Print the personas instead of serving. */
  readonly listPersonas: boolean;
  readonly settings: SandboxSettings;
}

/** With every story many times faster, days of waiting would still be what everybody waits for. */
const LONGEST_FAST_WAIT_MS = 20_000;

interface Flags {
  readonly host: string;
  readonly port: number;
  readonly speed: number;
  readonly longestWait?: number;
  readonly publicUrl?: URL;
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
    .addOption(
      option(
        '--longest-wait <duration>',
        `no single wait of a story takes longer in real time, as 250ms, 10s, 5m (default: ${LONGEST_FAST_WAIT_MS / 1_000}s if --speed is above 1)`,
        'SANDBOX_LONGEST_WAIT',
      ).argParser(duration),
    )
    .addOption(
      option(
        '--public-url <url>',
        'how a browser reaches this, for the links of invitations (default: the address listened on)',
        'SANDBOX_PUBLIC_URL',
      ).argParser(origin),
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
      pace: { speed: flags.speed, longestWaitMs: flags.longestWait ?? (flags.speed > 1 ? LONGEST_FAST_WAIT_MS : null) },
      publicUrl: flags.publicUrl?.origin ?? null,
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

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function duration(text: string): number {
  const [, count, unit = ''] = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text) ?? [];
  const durationMs = Number(count) * (UNIT_MS[unit] ?? Number.NaN);
  if (!(durationMs > 0)) throw new InvalidArgumentError('expected a duration above zero, as 250ms, 10s, 5m, 2h or 1d.');
  return durationMs;
}

function origin(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || !/^https?:$/.test(url.protocol) || url.href !== `${url.origin}/`)
    throw new InvalidArgumentError('expected http:// or https://, a host and perhaps a port, nothing else.');
  return url;
}

/** The URLs of a list; null where one is no http URL or carries a password (that belongs into SANDBOX_WEBHOOK_SECRET). */
function webhookUrls(texts: readonly string[]): URL[] | null {
  const parts = texts.flatMap((text) => text.split(',')).map((part) => part.trim());
  const listed = parts.filter((part) => part !== '');
  if (!listed.every((part) => URL.canParse(part))) return null;
  const urls = listed.map((part) => new URL(part));
  return urls.every((url) => /^https?:$/.test(url.protocol) && url.username + url.password === '') ? urls : null;
}
