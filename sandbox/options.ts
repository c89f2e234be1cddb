import { Command, Option } from 'commander';
import {
  parseDuration,
  parseOrigin,
  parsePort,
  parsePositive,
  parseSignatureHeaders,
  parseWebhookUrls,
} from './option-values';
import type { SandboxSettings } from './sandbox';
import { parseScenario, readScenario, ScenarioFault } from './scenario/parse';
import { SIGNATURE_HEADERS, type Signing } from './signature';

/** The options of the process. */
export interface SandboxOptions {
  readonly host: string;
  readonly port: number;
  /** Print the personas instead of serving. */
  readonly listPersonas: boolean;
  /** The folder of the state; null: in memory. */
  readonly dataFolder: string | null;
  /** Delete the saved state before serving. */
  readonly reset: boolean;
  readonly settings: SandboxSettings;
}

const DATA_FOLDER = '.data/sandbox';
/** At speed 100 a wait of days still takes an hour; this keeps it short. */
const LONGEST_FAST_WAIT_MS = 20_000;

interface Flags {
  readonly host: string;
  readonly port: number;
  readonly speed: number;
  readonly longestWait?: number;
  readonly publicUrl?: URL;
  readonly webhook?: readonly string[];
  readonly webhookSecret?: string;
  readonly answerTimeout?: number;
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

/** Reads flags, which override environment variables. Wrong usage prints to stderr and exits with status 2, `--help` with 0. */
export function readOptions(argv: readonly string[]): SandboxOptions {
  const command: Command = new Command('sandbox')
    .description('A stand-in for Human API: the hosts /auth, /admin and /data on one port, with fictional people.')
    .addOption(
      option('--port <number>', 'port to listen on; 0: a free port', 'SANDBOX_PORT').default(3002).argParser(parsePort),
    )
    .addOption(option('--host <address>', 'address to listen on', 'SANDBOX_HOST').default('127.0.0.1'))
    .addOption(
      option('--speed <factor>', 'how many times faster the scripts of the personas run', 'SANDBOX_SPEED')
        .default(1)
        .argParser(parsePositive),
    )
    .addOption(
      option(
        '--longest-wait <duration>',
        `maximum real time of a single wait, such as 250ms, 10s or 5m (default: ${LONGEST_FAST_WAIT_MS / 1_000}s if --speed is above 1)`,
        'SANDBOX_LONGEST_WAIT',
      ).argParser(parseDuration),
    )
    .addOption(
      option(
        '--public-url <url>',
        'origin of the invite links, as a browser reaches the sandbox (default: the listening address)',
        'SANDBOX_PUBLIC_URL',
      ).argParser(parseOrigin),
    )
    .addOption(
      option('--webhook <url...>', 'URLs that receive notifications, separated by commas', 'SANDBOX_WEBHOOK_URL'),
    )
    .addOption(option('--webhook-secret <text>', 'Basic password of notifications', 'SANDBOX_WEBHOOK_SECRET'))
    .addOption(
      option(
        '--answer-timeout <duration>',
        'how long a notification waits for its answer (default: 3s, as the vendor)',
        'SANDBOX_ANSWER_TIMEOUT',
      ).argParser(parseDuration),
    )
    // No environment variable: commander reads any value of a switch as "on", even "off".
    .addOption(new Option('--sign-notices', 'sign notifications with the client secret'))
    .addOption(
      option('--signature-digest <encoding>', 'encoding of the signature', 'SANDBOX_SIGNATURE_DIGEST')
        .choices(['hex', 'base64'])
        .default('hex'),
    )
    .addOption(
      option('--signature-time <form>', 'form of the signed timestamp', 'SANDBOX_SIGNATURE_TIME')
        .choices(['ms', 's', 'iso'])
        .default('ms'),
    )
    .addOption(
      option('--signature-headers <names>', 'header names of signature,timestamp,nonce', 'SANDBOX_SIGNATURE_HEADERS')
        .default(SIGNATURE_HEADERS, Object.values(SIGNATURE_HEADERS).join(','))
        .argParser(parseSignatureHeaders),
    )
    .addOption(option('--client-id <text>', 'the client id', 'SANDBOX_CLIENT_ID').default('sandbox-client'))
    .addOption(option('--client-secret <text>', 'the client secret', 'SANDBOX_CLIENT_SECRET').default('sandbox-secret'))
    .addOption(
      option('--token-seconds <number>', 'lifetime of a token in seconds', 'SANDBOX_TOKEN_SECONDS')
        .default(86_400)
        .argParser(parsePositive),
    )
    .addOption(
      option(
        '--create-answer <form>',
        'answer invitations with 202 and one object, or 201 and an array (default: depends on the persona)',
        'SANDBOX_CREATE_ANSWER',
      ).choices(['object', 'array']),
    )
    .addOption(option('--scenario <file>', 'JSON file with personas, speed and faults', 'SANDBOX_SCENARIO'))
    .addOption(
      option(
        '--seed <text>',
        'the same seed and the same calls give the same log (default: a random seed)',
        'SANDBOX_SEED',
      ),
    )
    .addOption(
      option(
        '--data [folder]',
        `keep the state in this folder, ${DATA_FOLDER} if no folder is given (default: in memory)`,
        'SANDBOX_DATA',
      ).preset(DATA_FOLDER),
    )
    .addOption(new Option('--reset', 'delete the state in --data, then start'))
    .addOption(new Option('--personas', 'list the personas and exit'))
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
    .allowExcessArguments(false)
    .parse(argv);
  const flags = command.opts<Flags>();
  const urls = parseWebhookUrls(flags.webhook ?? []);
  // The message omits the value: its path or user part may be a secret.
  if (!urls) command.error('error: --webhook (SANDBOX_WEBHOOK_URL) expects http or https URLs without a password');
  if (flags.reset && !flags.data) command.error('error: --reset deletes the state in --data: set both');
  try {
    return fromFlags(flags, urls);
  } catch (error) {
    if (!(error instanceof ScenarioFault)) throw error;
    return command.error(`error: the scenario ${flags.scenario} is invalid:\n${error.message}`);
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
        signing: flags.signNotices ? toSigning(flags) : null,
        ...(flags.answerTimeout !== undefined && { answerTimeoutMs: flags.answerTimeout }),
      },
      tokenLifetimeSeconds: flags.tokenSeconds,
      createAnswer: flags.createAnswer ?? null,
      storySpeed: {
        speed: flags.speed,
        longestWaitMs: flags.longestWait ?? (flags.speed > 1 ? LONGEST_FAST_WAIT_MS : null),
      },
      publicUrl: flags.publicUrl?.origin ?? null,
      seed: flags.seed || null,
      scenario: flags.scenario ? checkScenario(readScenario(flags.scenario)) : null,
    },
  };
}

function checkScenario(document: unknown): unknown {
  parseScenario(document);
  return document;
}

function toSigning({ clientSecret, signatureDigest, signatureTime, signatureHeaders }: Flags): Signing {
  return { clientSecret, digest: signatureDigest, time: signatureTime, headers: signatureHeaders };
}

function option(flags: string, description: string, variable: string): Option {
  return new Option(flags, description).env(variable);
}
