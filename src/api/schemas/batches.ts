import { z } from 'zod';
import { ROW_RESULTS, type RowResult } from '../../report-store/batch-files';
import { BATCH_STATES, type BatchCheckView, type BatchPage, type BatchView } from '../../use-cases/views';
import { limit, pageCursor } from './parameters';
import { problemFields } from './problem';
import { count, instant, nextCursor, openEnum } from './values';

const AT = '2026-01-30T21:20:54.316Z';
const BATCH_ID = '4f0c1e2d3a5b69788796a5b4c3d2e1f0';

const state = openEnum(BATCH_STATES, 'The state of a batch.').meta({ id: 'BatchState' });
const rowFault = z.object({
  field: z.string().meta({ description: 'The name of the field, or `row`.' }),
  expected: z.string().meta({ description: 'What is valid. The value that came is in no answer.' }),
});
const invalidRow = z.object({
  line: count.meta({ description: 'The first line of the row in the file, from 1.' }),
  clientUserId: z.string().nullable().meta({ description: 'Null: it is invalid.' }),
  errors: z.array(rowFault),
});

const checkFields = {
  rows: count,
  valid: count.meta({ description: 'Rows that are started: valid, and the first with their clientUserId.' }),
  invalid: count,
  firstErrors: z.array(invalidRow).meta({ description: 'At most 20.' }),
};
const checkExample = {
  rows: 3,
  valid: 1,
  invalid: 1,
  firstErrors: [
    {
      line: 3,
      clientUserId: 'POL-40002',
      errors: [{ field: 'clientUserEmail', expected: 'one e-mail address of at most 254 characters' }],
    },
  ],
};
const zeros = Object.fromEntries(ROW_RESULTS.map((result) => [result, 0])) as Record<RowResult, number>;
const batchExample = {
  batchId: BATCH_ID,
  state: 'running' as const,
  ...checkExample,
  counts: { ...zeros, pending: 3 },
  rate: null,
  etaAt: null,
  startedBy: 'intake-system',
  createdAt: AT,
  endedAt: null,
};

export const batch = z
  .object({
    batchId: z.string(),
    state,
    ...checkFields,
    counts: z.record(z.enum(ROW_RESULTS), count).meta({ description: 'Rows by result. Results may be added.' }),
    rate: z.number().nullable().meta({ description: 'Rows a second; null before the first ones.' }),
    etaAt: instant.nullable().meta({ description: 'When the last row is processed at this rate.' }),
    startedBy: z.string().meta({ description: 'The name of the API key, or cli:<user>.' }),
    createdAt: instant,
    endedAt: instant.nullable(),
  })
  .meta({ id: 'Batch', examples: [batchExample] }) satisfies z.ZodType<BatchView>;

export const batchEnded = z
  .object({ ...problemFields, why: z.string(), current: batch, actions: z.null() })
  .meta({ id: 'BatchEndedProblem' });

/** Of a dry run: `batchId` and `state` are null. */
export const batchCheck = z.object({ batchId: z.string().nullable(), state: state.nullable(), ...checkFields }).meta({
  id: 'BatchCheck',
  examples: [{ batchId: null, state: null, ...checkExample }],
}) satisfies z.ZodType<BatchCheckView>;

export const batchPage = z.object({ items: z.array(batch), nextCursor, asOf: instant }).meta({
  id: 'BatchPage',
  examples: [{ items: [batchExample], nextCursor: null, asOf: AT }],
}) satisfies z.ZodType<BatchPage>;

const BATCH_ID_EXPECTED = 'the id of a batch: 32 hex digits';
export const batchParams = z.strictObject({
  batchId: z
    .string({ error: BATCH_ID_EXPECTED })
    .regex(/^[0-9a-f]{32}$/, { error: BATCH_ID_EXPECTED })
    .meta({ description: 'The id of a batch.', examples: [BATCH_ID] }),
});

export const uploadQuery = z.strictObject({
  dryRun: z
    .enum(['true', 'false'], { error: 'true or false' })
    .transform((text) => text === 'true')
    .exactOptional()
    .meta({ type: 'boolean', enum: [true, false], description: 'Checks the file, and stores and starts nothing.' }),
});

const KEY_EXPECTED = '1 to 64 letters, digits, ".", "_", "~" or "-"';
export const idempotencyKeyHeader = z.looseObject({
  'idempotency-key': z
    .string({ error: KEY_EXPECTED })
    .regex(/^[A-Za-z0-9._~-]{1,64}$/, { error: KEY_EXPECTED })
    .optional()
    .meta({ description: 'The identity of the batch. Without it, the content is.' }),
});

/** The file is a stream, which is checked row by row. */
export const batchFile = z.unknown().meta({
  type: 'string',
  description:
    'CSV with the columns clientUserId, clientUserEmail, firstName, lastName, dateOfBirth, suggestedSources (and autoInvite), or one JSON object a line with the fields of POST /applicants without `again`.',
  examples: [
    'clientUserId,clientUserEmail,firstName,lastName,dateOfBirth,suggestedSources\nPOL-40001,ada@example.org,Ada,Lovelace,1968-02-13,\n',
  ],
});

export const batchesQuery = z.strictObject({ limit, cursor: pageCursor });
