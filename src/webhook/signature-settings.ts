import { z } from 'zod';
import { DURATION_EXPECTED, HOUR_MS, parseDurationMs } from '../domain/policy';
import { type ConfigurationFault, describeFault, type Environment } from '../process/configuration-fault';
import { parseList, setting } from '../process/setting';
import type { SignatureScheme } from './signature';

/** RFC 9110 allows more characters; headers in use have only these. */
const header = setting('the name of a header', (text) =>
  /^[A-Za-z0-9-]{1,100}$/.test(text) ? text.toLowerCase() : null,
);

/** Default names: upstream documents the first, and the others follow it. */
const HEADERS = {
  WEBHOOK_SIGNATURE_HEADER: 'X-HumanAPI-Signature',
  WEBHOOK_SIGNATURE_TIMESTAMP_HEADER: 'X-HumanAPI-Timestamp',
  WEBHOOK_SIGNATURE_NONCE_HEADER: 'X-HumanAPI-Nonce',
} as const;

/** The variables of signatures with their formats and defaults. */
export const SIGNATURE_VARIABLES = {
  WEBHOOK_SIGNATURE: z.enum(['off', 'verify', 'require'], { error: 'off, verify or require' }).prefault('off'),
  WEBHOOK_SIGNATURE_HEADER: header.prefault(HEADERS.WEBHOOK_SIGNATURE_HEADER),
  WEBHOOK_SIGNATURE_TIMESTAMP_HEADER: header.prefault(HEADERS.WEBHOOK_SIGNATURE_TIMESTAMP_HEADER),
  WEBHOOK_SIGNATURE_NONCE_HEADER: header.prefault(HEADERS.WEBHOOK_SIGNATURE_NONCE_HEADER),
  WEBHOOK_SIGNATURE_ENCODING: z.enum(['auto', 'hex', 'base64'], { error: 'auto, hex or base64' }).prefault('auto'),
  WEBHOOK_SIGNATURE_TIME_UNIT: z.enum(['auto', 's', 'ms', 'iso'], { error: 'auto, s, ms or iso' }).prefault('auto'),
  // Nonces are remembered for twice as long in bounded memory, which would not hold those of a day.
  WEBHOOK_SIGNATURE_TOLERANCE: setting(`${DURATION_EXPECTED}; at most 1h`, (text) => {
    const toleranceMs = parseDurationMs(text);
    return toleranceMs !== null && toleranceMs <= HOUR_MS ? toleranceMs : null;
  }).prefault('5m'),
  WEBHOOK_SIGNATURE_SECRETS: setting('one secret or several, comma-separated, none empty', parseList()).optional(),
};

/** How signatures are checked. `secrets` includes the client secret. */
export interface SignatureSettings extends SignatureScheme {
  readonly mode: 'off' | 'verify' | 'require';
}

/** The settings of the parsed variables. */
export function signatureSettings(
  read: z.output<z.ZodObject<typeof SIGNATURE_VARIABLES>>,
  clientSecret: string | undefined,
): SignatureSettings {
  return {
    mode: read.WEBHOOK_SIGNATURE,
    secrets: [...(clientSecret === undefined ? [] : [clientSecret]), ...(read.WEBHOOK_SIGNATURE_SECRETS ?? [])],
    headers: {
      signature: read.WEBHOOK_SIGNATURE_HEADER,
      timestamp: read.WEBHOOK_SIGNATURE_TIMESTAMP_HEADER,
      nonce: read.WEBHOOK_SIGNATURE_NONCE_HEADER,
    },
    encoding: read.WEBHOOK_SIGNATURE_ENCODING,
    timeUnit: read.WEBHOOK_SIGNATURE_TIME_UNIT,
    toleranceMs: read.WEBHOOK_SIGNATURE_TOLERANCE,
  };
}

/** The faults of a configuration that checks signatures. */
export function signatureFaults(set: Environment): ConfigurationFault[] {
  if ((set['WEBHOOK_SIGNATURE'] ?? 'off') === 'off') return [];
  const names = Object.entries(HEADERS).map(([key, name]) => [key, (set[key] ?? name).toLowerCase()] as const);
  const doubled = names.filter(([key, name]) => {
    const isUsedTwice = names.some(([otherKey, otherName]) => otherKey !== key && otherName === name);
    return set[key] !== undefined && isUsedTwice; // a default is not at fault
  });
  return [
    ...(set['HUMAN_API_CLIENT_SECRET'] === undefined
      ? [
          describeFault(
            'HUMAN_API_CLIENT_SECRET',
            'the client secret that signs notifications (WEBHOOK_SIGNATURE)',
            set,
          ),
        ]
      : []),
    ...doubled.map(([key]) => describeFault(key, 'a header name that differs from the other two', set)),
  ];
}
