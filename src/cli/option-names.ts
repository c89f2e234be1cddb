/** The options of commands for fields of the api with other names. */
const OPTIONS: Readonly<Record<string, string>> = {
  clientUserEmail: '--email',
  firstName: '--first-name',
  lastName: '--last-name',
  dateOfBirth: '--date-of-birth',
  suggestedSources: '--suggested-source',
  autoInvite: '--no-auto-invite',
  reports: '--reports',
  authorizationReference: '--authorization-reference',
  at: '--until',
  reasonCode: '--reason',
  note: '--note-file',
  limit: '--limit',
  cursor: '--cursor',
};

/** The option for a field of the api, such as `suggestedSources.0`; the field itself if it has none. */
export function optionOf(field: string): string {
  const [name = field] = field.split('.');
  return OPTIONS[name] ?? field;
}
