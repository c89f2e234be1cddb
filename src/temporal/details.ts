import { createHash } from 'node:crypto';
import { normalizeEmail } from '../domain/email';
import type { ApplicantDetails } from '../workflows/contract';

/** Trims details, composes their Unicode (NFC), and drops empty fields and repeated sources. Details are compared and sent in this form. */
export function normalizeDetails(details: ApplicantDetails): ApplicantDetails {
  const { clientUserId, clientUserEmail, firstName, lastName, dateOfBirth, suggestedSources = [] } = details;
  const optional = Object.entries({ firstName, lastName, dateOfBirth }).flatMap(([key, value]) => {
    const text = normalizeText(value ?? '');
    return text === '' ? [] : [[key, text]];
  });
  const sources = [...new Set(suggestedSources.map(normalizeText))].filter((source) => source !== '');
  return {
    clientUserId,
    clientUserEmail: normalizeText(clientUserEmail),
    ...Object.fromEntries(optional),
    ...(sources.length > 0 && { suggestedSources: sources }),
  };
}

/** SHA-256 (hex) of normalized details, by which two starts are compared. It uses the comparable form of the e-mail, not the one that is sent. */
export function detailsDigest(normalized: ApplicantDetails): string {
  const { clientUserId, clientUserEmail, firstName, lastName, dateOfBirth, suggestedSources } = normalized;
  const fields = [clientUserId, normalizeEmail(clientUserEmail), firstName, lastName, dateOfBirth, suggestedSources];
  // A missing field becomes null in the array, so that no two different details have the same text.
  return createHash('sha256').update(JSON.stringify(fields)).digest('hex');
}

const COMPARED_FIELDS = ['clientUserEmail', 'firstName', 'lastName', 'dateOfBirth', 'suggestedSources'] as const;

/** The names of the fields that differ between two normalized details. */
export function differingFields(a: ApplicantDetails, b: ApplicantDetails): readonly string[] {
  const comparable = (details: ApplicantDetails) => ({
    ...details,
    clientUserEmail: normalizeEmail(details.clientUserEmail),
  });
  const [first, second] = [comparable(a), comparable(b)];
  return COMPARED_FIELDS.filter((field) => JSON.stringify(first[field]) !== JSON.stringify(second[field]));
}

/** A name typed on another system may be decomposed (NFD) and look the same. */
function normalizeText(text: string): string {
  return text.trim().normalize('NFC');
}
