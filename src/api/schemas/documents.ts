import { z } from 'zod';
import { DOCUMENT_ID } from '../../report-store/document-id';
import type { DocumentsView } from '../../use-cases/views';
import { clientUserId } from './parameters';
import { count, format, instant, openEnum } from './values';

const organization = z
  .object({ id: z.string().nullable(), name: z.string().nullable() })
  .nullable()
  .meta({ description: 'The provider; null: a report on the whole person.' });
const type = z.string().meta({ description: "Human API's type of report." });

const document = z.object({
  documentId: z.string().meta({ description: 'The first 32 hex digits of SHA-256 of the name in the manifest.' }),
  type,
  format,
  organization,
  reportId: z.string(),
  updatedAt: z.string().nullable().meta({ description: "The version, in Human API's form." }),
  seenAt: z.string().nullable().meta({ description: 'The newest later version with the same bytes.' }),
  sha256: z.string(),
  bytes: count,
  contentType: z.string(),
  storedAt: instant,
  superseded: z.boolean(),
});

export const documents = z
  .object({
    items: z.array(document),
    missing: z.array(
      z.object({
        type,
        format,
        organization,
        reason: openEnum(['not-offered', 'not-listed', 'missing', 'failed']),
        detail: z.string(),
      }),
    ),
    asOf: instant,
  })
  .meta({
    id: 'Documents',
    examples: [
      {
        items: [
          {
            documentId: '0a1b2c3d4e5f60718293a4b5c6d7e8f9',
            type: 'unity',
            format: 'pdf',
            organization: { id: '75c8a3', name: 'General Hospital' },
            reportId: 'r-1001',
            updatedAt: '2026-02-01T08:00:00.000Z',
            seenAt: null,
            sha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
            bytes: 48211,
            contentType: 'application/pdf',
            storedAt: '2026-02-01T08:00:05.120Z',
            superseded: false,
          },
        ],
        missing: [],
        asOf: '2026-02-06T21:20:54.316Z',
      },
    ],
  }) satisfies z.ZodType<DocumentsView>;

/** The path of one document. */
export const documentParams = z.strictObject({
  clientUserId,
  documentId: z
    .string()
    .regex(DOCUMENT_ID, { error: '32 hex digits' })
    .meta({ description: 'The documentId of GET .../documents.' }),
});
