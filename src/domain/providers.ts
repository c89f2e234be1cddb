/** A provider in a row of a list: id, name, or both. */
export interface Organization {
  readonly id: string | null;
  readonly name: string | null;
}

/** One provider, merged from all rows about it. */
export interface Provider {
  readonly organization: Organization;
  /** All its names, normalized. */
  readonly names: ReadonlySet<string>;
}

/**
 * Groups organizations by provider (decision 0040). Two organizations are one provider if they have the same id, or the same name and no different
 * ids. If exactly one provider has no name, and exactly one has no id, they are one.
 */
export function groupProviders(organizations: Iterable<Organization | null>): Provider[] {
  const byId = new Map<string, ProviderDraft>();
  const unidentified: Organization[] = [];
  for (const organization of organizations) {
    if (organization === null) continue;
    if (organization.id === null) unidentified.push(organization);
    else addTo(ensureDraft(byId, organization.id, organization.id), organization);
  }
  const identifiedNames = new Set([...byId.values()].flatMap(({ names }) => [...names]));
  const byName = new Map<string, ProviderDraft>();
  for (const organization of unidentified) {
    const name = normalizeName(organization.name);
    if (name !== '' && !identifiedNames.has(name)) addTo(ensureDraft(byName, name, null), organization);
  }
  const nameless = [...byId.values()].filter(({ names }) => names.size === 0);
  const [only, another] = byName.values();
  if (nameless[0] && nameless.length === 1 && only && !another) {
    addTo(nameless[0], { id: null, name: only.name });
    byName.clear();
  }
  return [...byId.values(), ...byName.values()].map(({ id, name, names }) => ({ organization: { id, name }, names }));
}

/** True if the organization may be this provider. A name that two providers share matches both. */
export function matchesProvider(provider: Provider, organization: Organization): boolean {
  if (organization.id !== null) return provider.organization.id === organization.id;
  return provider.names.has(normalizeName(organization.name));
}

/** The keys that identify a provider; two spellings of one provider share a key. */
export function organizationKeys({ id, name }: Organization): string[] {
  const compared = normalizeName(name);
  return [...(id === null ? [] : [id]), ...(name === null ? [] : [name]), ...(compared === '' ? [] : [`~${compared}`])];
}

/** The text that an organization's folder is named by: the id, or the name if it has no id. */
export function organizationKey(organization: Organization): string {
  return organization.id ?? organization.name ?? '';
}

interface ProviderDraft {
  readonly id: string | null;
  name: string | null;
  readonly names: Set<string>;
}

function ensureDraft(drafts: Map<string, ProviderDraft>, key: string, id: string | null): ProviderDraft {
  const known = drafts.get(key);
  if (known) return known;
  const draft: ProviderDraft = { id, name: null, names: new Set() };
  drafts.set(key, draft);
  return draft;
}

function addTo(draft: ProviderDraft, { name }: Organization): void {
  const compared = normalizeName(name);
  if (compared === '') return;
  draft.name ??= name;
  draft.names.add(compared);
}

/** For comparison: ignores case, white space, invisible characters and Unicode forms. */
function normalizeName(name: string | null): string {
  return (name ?? '')
    .normalize('NFKC')
    .replace(/\p{Cf}/gu, '')
    .toLowerCase()
    .replace(/\s+/g, ' ')
    .trim();
}
