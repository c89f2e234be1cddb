import { create as createDisposition } from 'content-disposition';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Logger } from '../../observability/log';
import type { UseCases } from '../../use-cases/use-cases';
import type { OpenDocument } from '../../use-cases/views';
import { readActor } from '../caller';
import { downloadHeaders, openStream, selectBytes, viewHeaders } from '../document-answer';
import { isUnchanged, quoteEtag } from '../etags';
import { answer, TAGS } from '../open-api';
import { Problem } from '../problem';
import { documentParams, documents } from '../schemas/documents';
import { applicantParams } from '../schemas/parameters';

export interface DocumentRouteDeps {
  readonly useCases: Pick<UseCases, 'documents' | 'openDocument' | 'openZip'>;
  readonly log: Pick<Logger, 'error'>;
}

const tags = [TAGS.documents];
const bytes = z.unknown().meta({ description: 'The bytes, in the type of Content-Type.' });
const nothing = z.null();
const ifNoneMatch = z.string().optional().meta({ description: 'An ETag. With the same one, the answer is 304.' });
const FAILURES = ['not-found', 'altered-document', 'store-unavailable', 'audit-unavailable'] as const;
const DOWNLOAD_HEADERS = ['Accept-Ranges', 'Content-Disposition', 'ETag', 'Repr-Digest'];

/** Lists the documents of an applicant, and sends one or all of them. */
export const documentRoutes: FastifyPluginAsyncZod<DocumentRouteDeps> = async (app, { useCases, log }) => {
  app.get(
    '/applicants/:clientUserId/documents',
    {
      schema: {
        operationId: 'listDocuments',
        summary: 'List the documents of an applicant',
        description:
          'Every stored version; `superseded` ones have a newer version. An open applicant lists what is stored so far. Recorded in the audit log.',
        tags,
        params: applicantParams,
        response: { 200: answer(documents, 'The documents, and what is missing.') },
        'x-problems': ['not-found', 'temporal-unavailable', 'store-unavailable', 'audit-unavailable'],
      },
    },
    async (request) => useCases.documents(request.params.clientUserId, readActor(request)),
  );

  app.get(
    '/applicants/:clientUserId/documents/:documentId',
    {
      schema: {
        operationId: 'downloadDocument',
        summary: 'Download a document',
        description:
          'One range is answered with 206; several ranges with the whole document. The bytes are verified: if they are not those that were stored, the api closes the connection before their end. Recorded in the audit log: one line per document, caller and minute.',
        tags,
        params: documentParams,
        headers: z.object({
          range: z
            .string()
            .optional()
            .meta({ examples: ['bytes=0-65535'] }),
          'if-range': z.string().optional().meta({ description: 'An ETag. With another one, the whole is sent.' }),
          'if-none-match': ifNoneMatch,
        }),
        response: {
          200: answer(bytes, 'The whole document.', '*/*'),
          206: answer(bytes, 'The range.', '*/*'),
          304: answer(nothing, 'The document has the ETag of If-None-Match.'),
        },
        'x-headers': { 200: DOWNLOAD_HEADERS, 206: [...DOWNLOAD_HEADERS, 'Content-Range'], 304: ['ETag'] },
        'x-problems': [...FAILURES, 'range-not-satisfiable'],
      },
    },
    async (request, reply) => {
      const opened = await openDocument(request);
      const selection = selectBytes(request.headers, opened.document);
      if (selection === 'unchanged') return sendUnchanged(reply, opened);
      if (selection === 'outside') throw outsideRange(opened.document.bytes);
      const range = selection === 'whole' ? null : selection;
      const body = opened.read(range ?? undefined);
      return send(request, reply.code(range ? 206 : 200), body, downloadHeaders(opened, range));
    },
  );

  app.head(
    '/applicants/:clientUserId/documents/:documentId',
    {
      schema: {
        operationId: 'describeDocument',
        summary: 'Show the headers of a document',
        description: 'Recorded in the audit log like a download.',
        tags,
        params: documentParams,
        headers: z.object({ 'if-none-match': ifNoneMatch }),
        response: {
          200: answer(nothing, 'The headers of the whole document.', '*/*'),
          304: answer(nothing, 'The document has the ETag of If-None-Match.'),
        },
        'x-headers': { 200: DOWNLOAD_HEADERS, 304: ['ETag'] },
        'x-problems': [...FAILURES],
      },
    },
    async (request, reply) => {
      const opened = await openDocument(request);
      if (isUnchanged(request.headers, opened.document.sha256)) return sendUnchanged(reply, opened);
      return reply.headers(downloadHeaders(opened, null)).send(null);
    },
  );

  app.get(
    '/applicants/:clientUserId/documents/:documentId/view',
    {
      schema: {
        operationId: 'viewDocument',
        summary: 'Show a document in a browser',
        description:
          'Inline, without ranges; only pages of the same origin may frame it. Its Content-Security-Policy lets nothing in an HTML report run or load. Recorded in the audit log like a download.',
        tags,
        params: documentParams,
        response: { 200: answer(bytes, 'The whole document.', '*/*') },
        'x-headers': { 200: ['Content-Disposition'] },
        'x-problems': [...FAILURES],
      },
    },
    async (request, reply) => {
      const opened = await openDocument(request);
      // Pages of the same origin may frame this answer. Its Content-Security-Policy allows no other page to do so.
      reply.raw.removeHeader('X-Frame-Options');
      return send(request, reply, opened.read(), viewHeaders(opened));
    },
  );

  app.get(
    '/applicants/:clientUserId/documents.zip',
    {
      schema: {
        operationId: 'downloadDocuments',
        summary: 'Download all current documents',
        description:
          'A ZIP file with the current documents, as `<type>/<documentId>.<format>`, and manifest.json, which has the path of each. If a document cannot be read or was altered, the api closes the connection before the end. Recorded in the audit log, with a line per document.',
        tags,
        params: applicantParams,
        response: { 200: answer(bytes, 'The ZIP file.', 'application/zip') },
        'x-headers': { 200: ['Content-Disposition'] },
        'x-problems': [...FAILURES, 'temporal-unavailable'],
      },
    },
    async (request, reply) => {
      const { clientUserId } = request.params;
      const zip = await useCases.openZip(clientUserId, readActor(request));
      return send(request, reply, zip, {
        'Content-Type': 'application/zip',
        'Content-Disposition': createDisposition(`${clientUserId}-documents.zip`),
        'Cache-Control': 'no-store',
        'X-Content-Type-Options': 'nosniff',
      });
    },
  );

  function openDocument(request: FastifyRequest<{ Params: z.output<typeof documentParams> }>) {
    const { clientUserId, documentId } = request.params;
    return useCases.openDocument(clientUserId, documentId, readActor(request));
  }

  /** After the first bytes, an error can only close the connection. */
  async function send(
    request: FastifyRequest,
    reply: FastifyReply,
    body: AsyncIterable<Uint8Array>,
    headers: Readonly<Record<string, string>>,
  ): Promise<FastifyReply> {
    const stream = await openStream(body);
    stream.once('error', (error) => log.error({ error, requestId: request.id }, 'a document was not sent to its end'));
    return reply.headers(headers).send(stream);
  }
};

function sendUnchanged(reply: FastifyReply, { document }: OpenDocument): FastifyReply {
  return reply.code(304).header('ETag', quoteEtag(document.sha256)).send(null);
}

function outsideRange(size: number): Problem {
  const headers = { 'Content-Range': `bytes */${size}` };
  return new Problem('range-not-satisfiable', 'expected a range within the document', {}, headers);
}
