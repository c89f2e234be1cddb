import { z } from 'zod';
import { ROLES } from '../keys';
import { instant, openEnum } from './values';

export const whoami = z
  .object({
    name: z.string().meta({ description: 'The name of the API key.' }),
    roles: z.array(openEnum(ROLES)),
    by: openEnum(['key', 'session']),
  })
  .meta({ id: 'WhoAmI', examples: [{ name: 'intake-system', roles: ['intake', 'read'], by: 'key' }] });

export const oneTimeToken = z.object({ token: z.string(), expiresAt: instant }).meta({
  id: 'OneTimeToken',
  examples: [{ token: 'dGhpcyBpcyBub3QgYSB0b2tlbg', expiresAt: '2026-01-30T21:21:54.316Z' }],
});

export const health = z.object({ status: z.string() }).meta({ id: 'Health', examples: [{ status: 'ok' }] });

/** A page in HTML. */
export const page = z.string();
