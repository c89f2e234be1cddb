import { z } from 'zod';
import type { ApplicantFailure } from '../domain/failure';
import type { Outcome, Reason } from '../domain/outcome';
import { FORMATS, type Format, type MissingReason } from '../domain/reports';
import {
  EMPTY_TIMELINE,
  type Timeline,
  type TimelineEntry,
  type TimelineKind,
  type TimelineSource,
} from '../domain/timeline';
import { UnreadableManifest, WrongFolder } from './errors';
import { isDocumentFile, MANIFEST } from './layout';
import type { Manifest, RoundRecord } from './port';

const text = z.string();
const textOrNull = text.nullable().default(null);
const organization = z.object({ id: textOrNull, name: textOrNull }).nullable().default(null);
const format = z.enum(FORMATS);

/**
 * An outcome or a reason. Words of later versions are kept: an unreadable manifest would stop its applicant, and a dropped outcome would let the
 * person be invited again.
 */
const vocabularyWord = <W extends string>() =>
  z
    .string()
    .regex(/^[a-z]+(-[a-z]+){0,4}$/)
    .max(40)
    .transform((word) => word as W);

const document = z.object({
  // Any other name could lead out of the folder.
  file: text.refine(isDocumentFile),
  type: text,
  organization,
  format,
  reportId: text,
  updatedAt: textOrNull,
  seenAt: textOrNull,
  sha256: text,
  bytes: z.number(),
  contentType: text,
  storedAt: text,
  superseded: z.boolean(),
  round: z.int().positive().default(1),
  encrypted: z.literal(true).exactOptional(),
});

const missing = z.object({
  type: text,
  organization,
  format,
  reason: vocabularyWord<MissingReason>(),
  detail: text,
});

const ms = z.int().nonnegative();

const timelineEntry = z.object({
  atMs: ms,
  kind: vocabularyWord<TimelineKind>(),
  source: vocabularyWord<TimelineSource>(),
  data: z.record(text, z.union([text, z.number()])).exactOptional(),
  count: z.int().positive().exactOptional(),
  lastAtMs: ms.exactOptional(),
});

/** An unreadable entry is dropped and counted: nothing depends on it. */
const timeline = z
  .object({ entries: z.array(z.unknown()), omitted: z.int().nonnegative() })
  .transform(({ entries, omitted }): Timeline => {
    const { read, unread } = parseEntries<TimelineEntry>(timelineEntry, entries);
    return { entries: read, omitted: omitted + unread.length };
  });

const round = z.object({
  round: z.int().positive(),
  outcome: vocabularyWord<Outcome>().nullable(),
  reason: vocabularyWord<Reason>().nullable(),
  openedAt: textOrNull,
  closedAt: textOrNull,
});

const failure = z.object({
  class: vocabularyWord<ApplicantFailure['class']>(),
  fields: z.array(text),
  upstreamRequestId: textOrNull,
});

const wanted = z.record(
  text,
  z.array(z.unknown()).transform((list) => list.filter(isFormat)),
);

/**
 * Fields of later versions are dropped. Fields that decide what happens to a person and that every version since 0.1.0 writes are required; all
 * others have a default. Entries are parsed one by one, so that an unreadable one does not stop its applicant.
 */
const manifest = z.object({
  clientUserId: text,
  humanId: textOrNull.catch(null),
  outcome: vocabularyWord<Outcome>().nullable(),
  reason: vocabularyWord<Reason>().nullable().default(null).catch(null),
  wanted: wanted.catch({}),
  detailsDigest: textOrNull.catch(null),
  openedAt: textOrNull.catch(null),
  closedAt: textOrNull.catch(null),
  refreshedAt: textOrNull.catch(null),
  documents: z.array(z.unknown()),
  missing: z.array(z.unknown()),
  round: z.int().positive().default(1).catch(1),
  detailsRound: z.int().positive().default(1).catch(1),
  revision: z.int().nonnegative().default(0).catch(0),
  timeline: timeline.default(EMPTY_TIMELINE).catch(EMPTY_TIMELINE),
  rounds: z
    .array(z.unknown())
    .transform((entries) => parseEntries<RoundRecord>(round, entries).read)
    .default([])
    .catch([]),
  failure: failure.nullable().default(null).catch(null),
  authorizationReference: textOrNull.catch(null),
  withdrawnAt: textOrNull.catch(null),
});

function isFormat(value: unknown): value is Format {
  return format.safeParse(value).success;
}

export function manifestText({ unread, ...value }: Manifest): string {
  const documents = [...value.documents, ...(unread?.documents ?? [])];
  const missing = [...value.missing, ...(unread?.missing ?? [])];
  return `${JSON.stringify({ ...value, documents, missing }, null, 2)}\n`;
}

/** @throws WrongFolder where the manifest names another clientUserId; UnreadableManifest */
export function parseManifest(clientUserId: string, content: string): Manifest {
  const file = `${clientUserId}/${MANIFEST}`;
  const parsed = manifest.safeParse(parseJson(file, content));
  if (!parsed.success) {
    const fields = parsed.error.issues.slice(0, MAX_FIELDS).map(({ path }) => displayPath(path));
    const more = parsed.error.issues.length > MAX_FIELDS ? ' and others' : '';
    throw new UnreadableManifest(
      `${file}: expected a manifest, got invalid fields: ${fields.join(', ')}${more}. ${ADVICE}`,
    );
  }
  // Compared with case: on a case-insensitive file system, `POL-1` and `pol-1` share one folder.
  if (parsed.data.clientUserId !== clientUserId) {
    throw new WrongFolder(`${file}: expected the manifest of this clientUserId, got another's`);
  }
  const documents = parseEntries(document, parsed.data.documents);
  const gaps = parseEntries(missing, parsed.data.missing);
  const unread = { documents: documents.unread, missing: gaps.unread };
  const isComplete = unread.documents.length + unread.missing.length === 0;
  return { ...parsed.data, documents: documents.read, missing: gaps.read, ...(!isComplete && { unread }) };
}

function parseEntries<T>(shape: z.ZodType<T>, entries: readonly unknown[]) {
  const [read, unread]: [T[], unknown[]] = [[], []];
  for (const entry of entries) {
    const { success, data } = shape.safeParse(entry);
    if (success) read.push(data);
    else unread.push(entry);
  }
  return { read, unread };
}

/** Enough for a message; the operator opens the file anyway. */
const MAX_FIELDS = 5;
const KNOWN_FIELDS = new Set(Object.keys(manifest.shape));

/** Unknown keys may be personal data, so they are not shown. */
function displayPath(path: readonly PropertyKey[]): string {
  const parts = path.map((part) => (typeof part === 'number' || KNOWN_FIELDS.has(String(part)) ? String(part) : '?'));
  return parts.join('.') || 'the whole file';
}

const ADVICE = 'Restore it from a backup or, if it was changed by hand, correct it';

function parseJson(file: string, content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    // The parser's error quotes the text, so it is not kept as a cause.
    throw new UnreadableManifest(`${file}: expected JSON, got ${content.length} other characters. ${ADVICE}`);
  }
}
