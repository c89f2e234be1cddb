import { createHash } from 'node:crypto';
import { normalizeEmail } from '../domain/email';
import type { ApplicantDetails } from '../workflows/contract';

export type { ApplicantDetails } from '../workflows/contract';

/** Details in the one form in which they are compared and sent: trimmed, composed Unicode, nothing empty, no source twice. */
export function normaliseDetails(details: ApplicantDetails): ApplicantDetails {
  const { clientUserId, clientUserEmail, firstName, lastName, dateOfBirth, suggestedSources = [] } = details;
  const optional = { firstName, lastName, dateOfBirth };
  const sources = [...new Set(suggestedSources.map(normal))].filter((source) => source !== '');
  return {
    clientUserId,
    clientUserEmail: normal(clientUserEmail),
    ...Object.fromEntries(
      Object.entries(optional).flatMap(([key, value]) => {
        const text = normal(value ?? '');
        return text === '' ? [] : [[key, text]];
      }),
    ),
    ...(sources.length > 0 && { suggestedSources: sources }),
  };
}

/** SHA-256 (hex) of normalised details: the same applicant has the same one each time. Of the e-mail its comparable form counts, which is not what is sent. */
export function detailsDigest(normalised: ApplicantDetails): string {
  const { clientUserId, clientUserEmail, firstName, lastName, dateOfBirth, suggestedSources } = normalised;
  const said = [clientUserId, normalizeEmail(clientUserEmail), firstName, lastName, dateOfBirth, suggestedSources];
  // An array's holes become null, so that no two different details read alike.
  return createHash('sha256').update(JSON.stringify(said)).digest('hex');
}

/** The same name typed on another system may be composed otherwise (NFD) and still look the same. */
function normal(text: string): string {
  return text.trim().normalize('NFC');
}
