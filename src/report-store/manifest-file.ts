import { z } from 'zod';
import type { Outcome, Reason } from '../domain/outcome';
import { FORMATS, type Format, type MissingReason } from '../domain/reports';
import { isDocumentFile, MANIFEST } from './layout';
import { type Manifest, UnreadableManifest, WrongFolder } from './port';

const text = z.string();
const textOrNull = text.nullable().default(null);
const organization = z.object({ id: textOrNull, name: textOrNull }).nullable().default(null);
const format = z.enum(FORMATS);

/**
 * A word for an outcome or a reason. One that a later version added is kept: an unreadable manifest would stop its applicant, and an outcome read
 * as none would have the person invited again. Anything that does not look like such a word was not written by us.
 */
const wordAs = <W extends string>() =>
  z
    .string()
    .regex(/^[a-z]+(-[a-z]+){0,4}$/)
    .max(40)
    .transform((word) => word as W);

const document = z.object({
  // Another name could lead out of the folder.
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
  reason: wordAs<MissingReason>(),
  detail: text,
});

const wanted = z.record(
  text,
  z.array(z.unknown()).transform((list) => list.filter(isFormat)),
);

/**
 * Fields that a later version added are dropped; what every version since 0.1.0 has written must be there. A field that came later, or that does not
 * decide what is done to a person, has a default. Entries are read one by one, because one that cannot be read must not stop its applicant.
 */
const manifest = z.object({
  clientUserId: text,
  humanId: textOrNull.catch(null),
  outcome: wordAs<Outcome>().nullable(),
  reason: wordAs<Reason>().nullable().default(null).catch(null),
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
});

function isFormat(value: unknown): value is Format {
  return format.safeParse(value).success;
}

/** A manifest as it lies in the store: for people and programs alike. */
export function manifestText({ unread, ...value }: Manifest): string {
  const documents = [...value.documents, ...(unread?.documents ?? [])];
  const missing = [...value.missing, ...(unread?.missing ?? [])];
  return `${JSON.stringify({ ...value, documents, missing }, null, 2)}\n`;
}

/**
 * The manifest of an applicant's folder.
 * @throws WrongFolder where it names another clientUserId; UnreadableManifest
 */
export function parseManifest(clientUserId: string, content: string): Manifest {
  const file = `${clientUserId}/${MANIFEST}`;
  const parsed = manifest.safeParse(jsonOf(file, content));
  if (!parsed.success) {
    const fields = parsed.error.issues.slice(0, MOST_FIELDS).map(({ path }) => pathTold(path));
    const more = parsed.error.issues.length > MOST_FIELDS ? ' and others' : '';
    throw new UnreadableManifest(
      `${file}: expected a manifest, but these fields are not as expected: ${fields.join(', ')}${more}. ${ADVICE}`,
    );
  }
  // Compared exactly: on a case-insensitive file system `POL-1` and `pol-1` are one folder and two applicants.
  if (parsed.data.clientUserId !== clientUserId) {
    throw new WrongFolder(`${file}: expected the manifest of this clientUserId, got another's`);
  }
  const documents = entriesOf(document, parsed.data.documents);
  const missings = entriesOf(missing, parsed.data.missing);
  const unread = { documents: documents.unread, missing: missings.unread };
  const isAllRead = unread.documents.length + unread.missing.length === 0;
  return { ...parsed.data, documents: documents.read, missing: missings.read, ...(!isAllRead && { unread }) };
}

function entriesOf<T>(shape: z.ZodType<T>, entries: readonly unknown[]) {
  const [read, unread]: [T[], unknown[]] = [[], []];
  for (const entry of entries) {
    const { success, data } = shape.safeParse(entry);
    if (success) read.push(data);
    else unread.push(entry);
  }
  return { read, unread };
}

/** Whoever mends a manifest looks at it anyway. */
const MOST_FIELDS = 5;
const KNOWN_FIELDS = new Set(Object.keys(manifest.shape));

/** A key that is none of ours may be anything. */
function pathTold(path: readonly PropertyKey[]): string {
  const parts = path.map((part) => (typeof part === 'number' || KNOWN_FIELDS.has(String(part)) ? String(part) : '?'));
  return parts.join('.') || 'the whole';
}

const ADVICE = 'Restore it from a backup or, if it was changed by hand, mend it';

function jsonOf(file: string, content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    // The parser's own error quotes the text, so it is no cause to keep.
    throw new UnreadableManifest(`${file}: expected JSON, got ${content.length} characters that are not. ${ADVICE}`);
  }
}
