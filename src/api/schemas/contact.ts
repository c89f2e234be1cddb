import { z } from 'zod';
import type { DetailsView, InvitationView } from '../../use-cases/views';
import { detailsExample } from './applicant-example';

export const details = z
  .object({
    clientUserId: z.string(),
    clientUserEmail: z.string(),
    firstName: z.string().nullable(),
    lastName: z.string().nullable(),
    dateOfBirth: z.string().nullable(),
    suggestedSources: z.array(z.string()),
  })
  .meta({
    id: 'Details',
    description: 'The personal details of a start. No other answer has them.',
    examples: [{ ...detailsExample, suggestedSources: [] }],
  }) satisfies z.ZodType<DetailsView>;

export const invitation = z.object({ inviteLink: z.string() }).meta({
  id: 'Invitation',
  examples: [{ inviteLink: 'https://hapi.example.org/invite/x' }],
}) satisfies z.ZodType<InvitationView>;
