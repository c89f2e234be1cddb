import { z } from 'zod';
import { DURATION_EXPECTED, parseDurationMs } from '../duration';
import { PERSONAS } from '../personas/catalogue';

/** The names of upstream's calls in rules. */
export const CALLS = ['token', 'access-token', 'create', 'look-up', 'read', 'delete', 'list', 'download'] as const;

export type CallName = (typeof CALLS)[number];

const duration = z.string().transform((text, context) => {
  const durationMs = parseDurationMs(text);
  if (durationMs === null) context.addIssue({ code: 'custom', message: `expected ${DURATION_EXPECTED}` });
  return durationMs ?? 0;
});
const count = z.int().min(1);
const nonEmptyText = z.string().min(1);
const committed = z.boolean().default(false);

/** When a rule applies: to the calls with these numbers, to a share of the calls, or to all; `times`: at most so often. */
const conditions = {
  /** A pattern: only calls that concern a matching person. */
  clientUserId: nonEmptyText.optional(),
  /** The first call that the rule checks is 1. */
  calls: z.array(count).min(1).optional(),
  rate: z.number().min(0).max(1).optional(),
  times: count.optional(),
};
const onCalls = {
  on: z.union([z.enum([...CALLS, 'any']), z.array(z.enum(CALLS)).min(1)], {
    error: `expected any, one of ${CALLS.join(', ')}, or a list of them`,
  }),
  ...conditions,
};
const onNotices = { on: z.enum(['status', 'report', 'any']).default('any'), ...conditions };

const CALL_FAULTS =
  'commit-then-drop, status, rate-limit, unauthorized, proxy-html, gateway, reset, stall, truncate, shorten, wrong-body, wrong-type, compress';
const callFaults = [
  z.strictObject({ fault: z.literal('commit-then-drop'), ...onCalls }),
  z.strictObject({
    fault: z.literal('status'),
    status: z.int().min(400).max(599),
    retryAfter: duration.optional(),
    retryAfterAs: z.enum(['seconds', 'date']).default('seconds'),
    committed,
    ...onCalls,
  }),
  z.strictObject({
    fault: z.literal('rate-limit'),
    retryAfter: duration.optional(),
    retryAfterAs: z.enum(['seconds', 'date']).default('seconds'),
    ...onCalls,
  }),
  z.strictObject({ fault: z.literal('unauthorized'), ...onCalls }),
  z.strictObject({
    fault: z.literal('proxy-html'),
    status: z.int().min(200).max(599).default(502),
    committed,
    ...onCalls,
  }),
  z.strictObject({
    fault: z.literal('gateway'),
    status: z.int().min(400).max(599).default(400),
    body: z.enum(['json', 'none']).default('json'),
    committed,
    ...onCalls,
  }),
  z.strictObject({ fault: z.literal('reset'), ...onCalls }),
  z.strictObject({ fault: z.literal('stall'), for: duration.optional(), committed, ...onCalls }),
  z.strictObject({ fault: z.literal('truncate'), ...onCalls }),
  z.strictObject({ fault: z.literal('shorten'), ...onCalls }),
  z.strictObject({ fault: z.literal('wrong-body'), ...onCalls }),
  z.strictObject({
    fault: z.literal('wrong-type'),
    contentType: nonEmptyText.default('application/octet-stream'),
    ...onCalls,
  }),
  z.strictObject({ fault: z.literal('compress'), as: z.enum(['gzip', 'deflate', 'br']).default('gzip'), ...onCalls }),
] as const;
const callFault = z.discriminatedUnion('fault', callFaults, { error: `expected one of ${CALL_FAULTS}` });

const noticeFaults = [
  z.strictObject({ fault: z.literal('drop'), ...onNotices }),
  z.strictObject({ fault: z.literal('delay'), by: duration, ...onNotices }),
  z.strictObject({ fault: z.literal('duplicate'), copies: count.max(100).default(1), ...onNotices }),
  z.strictObject({ fault: z.literal('reorder'), within: duration.default(5_000), ...onNotices }),
  z.strictObject({
    fault: z.literal('batch'),
    size: count.max(1_000).default(10),
    within: duration.default(2_000),
    ...onNotices,
  }),
] as const;
const noticeFault = z.discriminatedUnion('fault', noticeFaults, {
  error: 'expected one of drop, delay, duplicate, reorder, batch',
});

const exclusive = <T extends { calls?: number[] | undefined; rate?: number | undefined }>(schema: z.ZodType<T>) =>
  schema.refine(({ calls, rate }) => calls === undefined || rate === undefined, {
    error: 'expected either calls or rate, got both',
    path: ['rate'],
  });

/** The document of a scenario. */
export const scenarioSchema = z.strictObject({
  $schema: z.string().optional(),
  /** The same seed and the same calls give the same ids, faults and log. */
  seed: z
    .union([z.string().min(1).max(200), z.int()])
    .transform(String)
    .optional(),
  speed: z.number().positive().optional(),
  longestWait: duration.optional(),
  /** The first match overrides the persona of the e-mail address. */
  personas: z
    .array(z.strictObject({ clientUserId: nonEmptyText, persona: z.enum(PERSONAS.map(({ name }) => name)) }))
    .default([]),
  faults: z.array(exclusive(callFault)).default([]),
  notices: z.array(exclusive(noticeFault)).default([]),
  /** Upstream may switch the notifications off for a receiver that keeps failing. */
  feed: z.strictObject({ offAfterFailures: count }).optional(),
});

/** A valid scenario with durations in milliseconds. */
export type Scenario = z.output<typeof scenarioSchema>;

/** A rule for faults of calls. */
export type CallFault = z.output<typeof callFault>;

/** A rule for faults of notifications. */
export type NoticeFault = z.output<typeof noticeFault>;

/** When a rule applies. */
export type RuleConditions = z.output<z.ZodObject<typeof conditions>>;
