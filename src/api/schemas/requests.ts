import { z } from 'zod';
import { NEEDS } from '../../domain/needs';
import { OUTCOMES, STAGES } from '../../domain/outcome';
import { checkWanted, FORMATS, type Wanted } from '../../domain/reports';
import { MAX_NOTE_LENGTH, REASON_CODES } from '../../domain/steering';
import { LONE_SURROGATE } from '../../domain/well-formed';
import { CARRIER_CODE, CARRIER_CODE_EXPECTED } from '../../observability/audit-chain';
import { DETAIL_CHECKS } from '../../use-cases/applicant-details';
import { detailsExample } from './applicant-example';
import { clientUserId, cursor, humanId, instantMs, limit, prefix } from './parameters';

/** The vendor has six. */
const MAX_TYPES = 50;
const REPORTS_EXPECTED = `at most ${MAX_TYPES} types of 1 to 80 letters, digits, "_" or "-", each once, with one or more of json, html, pdf; ccdraw has html and pdf, apidata and timeline json`;

const reports = z
  .record(z.string(), z.array(z.enum(FORMATS)).min(1))
  .transform((formatsByType, context): Wanted => {
    const entries = Object.entries(formatsByType);
    const checked = checkWanted(entries);
    if (checked.ok && entries.length <= MAX_TYPES) return checked.wanted;
    context.addIssue({ code: 'custom', message: REPORTS_EXPECTED });
    return z.NEVER;
  })
  .meta({
    description: 'The wanted formats by type of report; the configured ones without it.',
    examples: [{ unity: ['json', 'pdf'] }],
  });

const carrierCode = z
  .string({ error: CARRIER_CODE_EXPECTED })
  .regex(CARRIER_CODE, { error: CARRIER_CODE_EXPECTED })
  .meta({
    description: "The carrier's reference to the person's authorization. Not personal.",
    examples: ['AUTH-7731'],
  });

export const startBody = z
  .strictObject({
    clientUserId: DETAIL_CHECKS.clientUserId.meta({
      description: "The carrier's id of the applicant, and the key that makes a start repeatable. Not personal.",
      pattern: '^\\s*[A-Za-z0-9][A-Za-z0-9._~-]{0,99}\\s*$',
    }),
    clientUserEmail: DETAIL_CHECKS.clientUserEmail.meta({
      description: 'The address that Human API invites.',
      format: 'email',
      maxLength: 254,
    }),
    firstName: DETAIL_CHECKS.firstName.exactOptional(),
    lastName: DETAIL_CHECKS.lastName.exactOptional(),
    dateOfBirth: DETAIL_CHECKS.dateOfBirth
      .meta({ description: 'YYYY-MM-DD, not before 1900 and not in the future.', format: 'date' })
      .exactOptional(),
    suggestedSources: DETAIL_CHECKS.suggestedSources
      .meta({ description: 'Names of providers that Human API suggests to the person; at most 50.' })
      .exactOptional(),
    autoInvite: z
      .boolean({ error: 'true or false' })
      .default(true)
      .meta({ description: 'False: the carrier sends the invitation itself, with the link of GET .../invitation.' }),
    reports: reports.exactOptional(),
    authorizationReference: carrierCode.exactOptional(),
    again: z
      .boolean({ error: 'true or false' })
      .default(false)
      .meta({ description: 'Starts a new round of a closed applicant, also with corrected details. Needs If-Match.' }),
  })
  .meta({
    examples: [
      {
        ...detailsExample,
        reports: { unity: ['json', 'pdf'] },
        authorizationReference: 'AUTH-7731',
      },
    ],
  });

/** A parameter that may be repeated. */
const needs = z
  .preprocess((value) => [...new Set([value].flat())], z.array(z.enum(NEEDS)))
  .meta({
    type: 'array',
    items: { type: 'string', enum: [...NEEDS] },
    description: 'May be repeated: applicants with all of them.',
  });

const flag = z
  .enum(['true', 'false'], { error: 'true or false' })
  .transform((text) => text === 'true')
  .meta({ type: 'boolean', enum: [true, false] });

export const listQuery = z.strictObject({
  prefix: prefix.exactOptional(),
  humanId: humanId.exactOptional(),
  stage: z.enum(STAGES).exactOptional(),
  outcome: z.enum(OUTCOMES).exactOptional(),
  need: needs.exactOptional(),
  open: flag.exactOptional(),
  openedAfter: instantMs('Only rounds that opened at this time or later.').exactOptional(),
  openedBefore: instantMs('Only rounds that opened before.').exactOptional(),
  closedAfter: instantMs('Only rounds that closed at this time or later.').exactOptional(),
  closedBefore: instantMs('Only rounds that closed before.').exactOptional(),
  stageSinceAfter: instantMs('Only applicants whose stage began at this time or later.').exactOptional(),
  stageSinceBefore: instantMs('Only applicants whose stage began before.').exactOptional(),
  dueBefore: instantMs('Only open applicants whose deadline is before.').exactOptional(),
  limit,
  cursor,
});

const ACTOR_EXPECTED = 'the name of an API key, cli:<user> or the name of a process';
export const auditQuery = z.strictObject({
  clientUserId: clientUserId.exactOptional(),
  who: z
    .string({ error: ACTOR_EXPECTED })
    .regex(CARRIER_CODE, { error: ACTOR_EXPECTED })
    .exactOptional()
    .meta({ description: 'Only acts of this actor.', examples: ['intake-system'] }),
  limit,
  cursor,
});

const reasonCode = z.enum(REASON_CODES).meta({ description: 'Recorded in the audit log and the timeline.' });
const noteText = `at most ${MAX_NOTE_LENGTH} characters`;
const note = z
  .string({ error: noteText })
  .max(MAX_NOTE_LENGTH, { error: noteText })
  .refine((text) => !LONE_SURROGATE.test(text), { error: 'text without halves of characters' })
  .exactOptional()
  .meta({ description: 'A note for operators. It is encrypted and in no answer, log or audit line.' });

export const cancelBody = z
  .strictObject({ reasonCode, note })
  .meta({ examples: [{ reasonCode: 'applicant-withdrew' }] });
export const reasonBody = z.strictObject({ reasonCode }).meta({ examples: [{ reasonCode: 'decision-made' }] });
export const snoozeBody = z
  .strictObject({ until: instantMs('Until then, GET /attention does not list the applicant.'), note })
  .meta({ examples: [{ until: '2026-03-01T08:00:00.000Z' }] });
export const deadlineBody = z
  .strictObject({ at: instantMs('In the future, at most a year ahead.') })
  .meta({ examples: [{ at: '2026-04-01T00:00:00.000Z' }] });
/** A body that may be left out. */
export const emptyBody = z.strictObject({}).nullable();

export const sessionBody = z
  .strictObject({
    key: z.string().min(1).max(500).exactOptional().meta({ description: 'An API key.' }),
    token: z.string().min(1).max(500).exactOptional().meta({ description: 'A one-time token.' }),
  })
  .refine(({ key, token }) => (key === undefined) !== (token === undefined), { error: 'either key or token' })
  .meta({ examples: [{ key: 'ck_5b1f0c9e7a3d' }] });

export const ifMatchHeader = z.looseObject({
  'if-match': z.string().optional().meta({ description: 'The ETag of the closed applicant; needed with `again`.' }),
});
export const ifNoneMatchHeader = z.looseObject({
  'if-none-match': z.string().optional().meta({ description: 'An ETag of an earlier answer.' }),
});
