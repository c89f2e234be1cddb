import { Command, Option } from 'commander';
import { duration, origin, port, positive, signatureHeaders, webhookUrls } from './option-values';
import type { SandboxSettings } from './sandbox';
import { readScenario, ScenarioFault, scenarioOf } from './scenario/read';
import { SIGNATURE_HEADERS, type Signing } from './signature';

/** How the process is to run. */
export interface SandboxOptions {
  readonly host: string;
  readonly port: number;
  /** Print the personas instead of serving. */
  readonly listPersonas: boolean;
  /** Where the state lies; null: in memory. */
  readonly dataFolder: string | null;
  /** Forget what lies there before serving. */
  readonly reset: boolean;
  readonly settings: SandboxSettings;
}

/** Beside the other things that running here leaves behind, and as little checked in. */
const DATA_FOLDER = '.data/sandbox';
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
  readonly scenario?: string;
  readonly seed?: string;
  readonly data?: string;
  readonly reset?: true;
  readonly signatureDigest: Signing['digest'];
  readonly signatureTime: Signing['time'];
  readonly signatureHeaders: Signing['headers'];
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
    .addOption(
      option('--signature-digest <encoding>', 'how the signature is written', 'SANDBOX_SIGNATURE_DIGEST')
        .choices(['hex', 'base64'])
        .default('hex'),
    )
    .addOption(
      option('--signature-time <form>', 'how the timestamp beside it is written', 'SANDBOX_SIGNATURE_TIME')
        .choices(['ms', 's', 'iso'])
        .default('ms'),
    )
    .addOption(
      option('--signature-headers <names>', 'the headers of signature,timestamp,nonce', 'SANDBOX_SIGNATURE_HEADERS')
        .default(SIGNATURE_HEADERS, Object.values(SIGNATURE_HEADERS).join(','))
        .argParser(signatureHeaders),
    )
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
    .addOption(option('--scenario <file>', 'JSON: who lives as what, how fast, what goes wrong', 'SANDBOX_SCENARIO'))
    .addOption(
      option(
        '--seed <text>',
        'the same seed and the same calls give the same log (default: a new one)',
        'SANDBOX_SEED',
      ),
    )
    .addOption(
      option(
        '--data [folder]',
        `remember everything in this folder, ${DATA_FOLDER} where none is named (default: in memory)`,
        'SANDBOX_DATA',
      ).preset(DATA_FOLDER),
    )
    .addOption(new Option('--reset', 'forget what --data remembers, then start'))
    .addOption(new Option('--personas', 'list the personas and exit'))
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
    .allowExcessArguments(false)
    .parse(argv);
  const flags = command.opts<Flags>();
  const urls = webhookUrls(flags.webhook ?? []);
  // Said without the value that came: its path or user part may be a secret.
  if (!urls)
    command.error('error: --webhook (SANDBOX_WEBHOOK_URL) expects http or https URLs without a password in them');
  if (flags.reset && !flags.data) command.error('error: --reset forgets what --data remembers: give both');
  try {
    return fromFlags(flags, urls);
  } catch (error) {
    if (!(error instanceof ScenarioFault)) throw error;
    return command.error(`error: the scenario ${flags.scenario} cannot be played:\n${error.message}`);
  }
}

function fromFlags(flags: Flags, urls: readonly URL[]): SandboxOptions {
  return {
    host: flags.host,
    port: flags.port,
    listPersonas: flags.personas ?? false,
    dataFolder: flags.data || null,
    reset: flags.reset ?? false,
    settings: {
      credentials: { clientId: flags.clientId, clientSecret: flags.clientSecret },
      webhook: {
        urls,
        secret: flags.webhookSecret || null,
        signing: flags.signNotices ? signingOf(flags) : null,
      },
      tokenLifetimeSeconds: flags.tokenSeconds,
      createAnswer: flags.createAnswer ?? null,
      pace: { speed: flags.speed, longestWaitMs: flags.longestWait ?? (flags.speed > 1 ? LONGEST_FAST_WAIT_MS : null) },
      publicUrl: flags.publicUrl?.origin ?? null,
      seed: flags.seed || null,
      scenario: flags.scenario ? checked(readScenario(flags.scenario)) : null,
    },
  };
}

function checked(document: unknown): unknown {
  scenarioOf(document);
  return document;
}

function signingOf({ clientSecret, signatureDigest, signatureTime, signatureHeaders }: Flags): Signing {
  return { clientSecret, digest: signatureDigest, time: signatureTime, headers: signatureHeaders };
}

function option(flags: string, description: string, variable: string): Option {
  return new Option(flags, description).env(variable);
}
