import type { Server } from 'node:http';
import { Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Logger } from '../../observability/log';
import { resetConnection } from '../../process/listening';
import { TooLarge } from '../../use-cases/errors';
import type { BatchUpload, UseCases } from '../../use-cases/use-cases';
import type { BatchResultRow, SteeredBatch } from '../../use-cases/views';
import { BASE } from '../access';
import { readActor } from '../caller';
import { answer, TAGS } from '../open-api';
import { OUTAGES, Problem, type Slug } from '../problem';
import {
  batch,
  batchCheck,
  batchEnded,
  batchesQuery,
  batchFile,
  batchPage,
  batchParams,
  idempotencyKeyHeader,
  uploadQuery,
} from '../schemas/batches';
import { emptyBody } from '../schemas/requests';

const tags = [TAGS.batches];
const FORMATS = { 'text/csv': 'csv', 'application/x-ndjson': 'ndjson' } as const;
const MAX_FILE_BYTES = 512 * 1024 * 1024;
/** 512 MiB at 1 MiB/s. */
const UPLOAD_TIMEOUT_MS = 10 * 60_000;
const PROBLEMS_OF_ACTS: readonly Slug[] = ['not-found', ...OUTAGES];
const STEERED = {
  tags,
  params: batchParams,
  body: emptyBody,
  response: {
    200: answer(batch, 'It was so before.'),
    202: answer(batch, 'Accepted.'),
    409: answer(batchEnded, '`not-now`: the batch has ended, or is cancelled.', 'application/problem+json'),
  },
  'x-problems': PROBLEMS_OF_ACTS,
};
const results = z.unknown().meta({ type: 'string', format: 'binary' });

/** Files of applicants. */
export const batchRoutes: FastifyPluginAsyncZod<{ useCases: UseCases; log: Logger }> = async (app, deps) => {
  const { useCases, log } = deps;
  const withTime = createUploadTime(app.server);
  app.addContentTypeParser(Object.keys(FORMATS), (_request, body, done) => done(null, body));

  app.post(
    '/batches',
    {
      bodyLimit: MAX_FILE_BYTES,
      schema: {
        operationId: 'startBatch',
        summary: 'Start the applicants of a file',
        description:
          'Up to 1,000,000 rows and 512 MiB. Rows are checked one by one; invalid ones do not stop the others. The same file again is the same batch. Single starts overtake a batch.',
        tags,
        consumes: Object.keys(FORMATS),
        querystring: uploadQuery,
        headers: idempotencyKeyHeader,
        body: batchFile,
        response: {
          200: answer(batchCheck, 'A dry run, or the batch that exists.'),
          201: answer(batch, 'The batch was started.'),
        },
        'x-headers': { 201: ['Location'] },
        'x-problems': ['too-large', 'unsupported-media-type', 'key-reused', ...OUTAGES],
      },
    },
    async (request, reply) => {
      const upload = readUpload(request);
      return withTime(async () => {
        if (request.query.dryRun === true) return useCases.checkBatch(upload);
        const started = await useCases.startBatch(upload, readActor(request));
        if (started.isNew) reply.code(201).header('Location', `${BASE}/batches/${started.batch.batchId}`);
        if (started.isNew) return started.batch;
        const { batchId, state, rows, valid, invalid, firstErrors } = started.batch;
        return { batchId, state, rows, valid, invalid, firstErrors };
      });
    },
  );

  app.get(
    '/batches',
    {
      schema: {
        operationId: 'listBatches',
        summary: 'List batches',
        description: 'The newest first.',
        tags,
        querystring: batchesQuery,
        response: { 200: answer(batchPage, 'A page.') },
        'x-problems': ['store-unavailable'],
      },
    },
    async ({ query: { limit, cursor } }) => useCases.batches({ limit, cursor: cursor ?? null }),
  );

  app.get(
    '/batches/:batchId',
    {
      schema: {
        operationId: 'showBatch',
        summary: 'Show a batch',
        tags,
        params: batchParams,
        response: { 200: answer(batch, 'The batch.') },
        'x-problems': ['not-found', 'store-unavailable'],
      },
    },
    async (request) => useCases.batch(request.params.batchId),
  );

  app.get(
    '/batches/:batchId/results',
    {
      schema: {
        operationId: 'listBatchResults',
        summary: 'List the result of each row',
        description:
          'One line a row, in the order of the file, at any time: line, clientUserId, result, stage, outcome, reason, errors. With `Accept: text/csv` a CSV file with a header, otherwise one JSON object a line. If a part cannot be read, the api closes the connection before the end.',
        tags,
        params: batchParams,
        produces: Object.keys(FORMATS),
        response: { 200: answer(results, 'The results.', '*/*') },
        'x-problems': ['not-found', 'store-unavailable'],
      },
    },
    async (request, reply) => {
      const rows = await useCases.batchResults(request.params.batchId);
      const isCsv = /\btext\/csv\b/.test(request.headers.accept ?? '');
      const stream = Readable.from(toLines(rows, isCsv ? toCsv : toJson, isCsv ? CSV_HEADER : ''));
      stream.once('error', (error) => {
        log.error({ error, requestId: request.id }, 'results of a batch were not sent to their end');
        if (reply.raw.headersSent) resetConnection(request.raw.socket);
      });
      const type = isCsv ? 'text/csv; charset=utf-8' : 'application/x-ndjson';
      return reply.header('Content-Type', type).header('X-Content-Type-Options', 'nosniff').send(stream);
    },
  );

  for (const act of ['pause', 'resume', 'cancel'] as const) {
    app.post(
      `/batches/:batchId/${act}`,
      {
        schema: {
          operationId: `${act}Batch`,
          summary: `${act[0]?.toUpperCase()}${act.slice(1)} a batch`,
          description: DESCRIPTIONS[act],
          ...STEERED,
        },
      },
      async (request, reply) => {
        const { batchId } = request.params;
        const steered: SteeredBatch = await useCases.steerBatch(batchId, act, readActor(request));
        reply.code(steered.done === 'already' ? 200 : 202);
        return steered.batch;
      },
    );
  }
};

const DESCRIPTIONS = {
  pause: 'No further row is started until it is resumed.',
  resume: 'Starts the rows that wait.',
  cancel: 'No further row is started. Applicants that were started stay as they are.',
};

/** @throws {Problem} for a body of another type */
function readUpload(request: FastifyRequest): BatchUpload {
  const { 'content-type': type = '', 'content-encoding': encoding = 'identity' } = request.headers;
  const format = FORMATS[type.split(';')[0]?.trim().toLowerCase() as keyof typeof FORMATS];
  if (format === undefined || encoding.toLowerCase() !== 'identity')
    throw new Problem(
      'unsupported-media-type',
      `expected ${Object.keys(FORMATS).join(' or ')} without Content-Encoding`,
    );
  const key = request.headers['idempotency-key'];
  return { format, body: limitBytes(request.body as AsyncIterable<Uint8Array>), key: key?.toString() ?? null };
}

async function* limitBytes(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > MAX_FILE_BYTES) throw new TooLarge('expected at most 512 MiB');
    yield chunk;
  }
}

/** Node has one time limit for all requests of a server. It is longer while a file of an authenticated caller arrives. */
function createUploadTime(server: Server): <T>(upload: () => Promise<T>) => Promise<T> {
  const usualMs = server.requestTimeout;
  let uploads = 0;
  return async (upload) => {
    uploads += 1;
    server.requestTimeout = UPLOAD_TIMEOUT_MS;
    try {
      return await upload();
    } finally {
      uploads -= 1;
      if (uploads === 0) server.requestTimeout = usualMs;
    }
  };
}

async function* toLines(
  rows: AsyncIterable<BatchResultRow>,
  toLine: (row: BatchResultRow) => string,
  header: string,
): AsyncGenerator<string> {
  if (header !== '') yield header;
  for await (const row of rows) yield toLine(row);
}

const CSV_HEADER = 'line,clientUserId,result,stage,outcome,reason,errors\r\n';

function toCsv({ line, clientUserId, result, stage, outcome, reason, errors }: BatchResultRow): string {
  const faults = errors.map(({ field, expected }) => `${field}: ${expected}`).join('; ');
  const cells = [line, clientUserId, result, stage, outcome, reason, faults === '' ? null : faults];
  return `${cells.map(toCell).join(',')}\r\n`;
}

/** Every value is an id or our own text, so none is a formula. */
function toCell(value: string | number | null): string {
  const text = String(value ?? '');
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function toJson({ line, clientUserId, result, stage, outcome, reason, errors }: BatchResultRow): string {
  return `${JSON.stringify({ line, clientUserId, result, stage, outcome, reason, errors })}\n`;
}
