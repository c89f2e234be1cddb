/** A provider as a row of a list names it: by id, by name, or by both. */
export interface Organization {
  readonly id: string | null;
  readonly name: string | null;
}

/** One provider, however its rows name it. */
export interface Provider {
  /** What is known of it: an id and a name where any row has them. */
  readonly organization: Organization;
  /** Every name it has, as names are compared. */
  readonly names: ReadonlySet<string>;
}

/**
 * The providers behind organizations, decision 0040: the same id is the same provider, and so is the same name where not both have different ids.
 * A sole provider without a name and a sole one without an id are one: nothing says that they are two, and no id has two spellings.
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

/** True where the organization may be this provider: a name that two providers share may be either. */
export function matchesProvider(provider: Provider, organization: Organization): boolean {
  if (organization.id !== null) return provider.organization.id === organization.id;
  return provider.names.has(normalizeName(organization.name));
}

/** The keys under which a provider is remembered: another spelling of a known one has one of them. */
export function organizationKeys({ id, name }: Organization): string[] {
  const compared = normalizeName(name);
  return [...(id === null ? [] : [id]), ...(name === null ? [] : [name]), ...(compared === '' ? [] : [`~${compared}`])];
}

/** An organization's own text, which names its folder: its id, or its name where upstream gives no id. */
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

/** A name as it is compared: case, white space, invisible characters and Unicode's spellings of one text do not count. */
function normalizeName(name: string | null): string {
  return (name ?? '')
    .normalize('NFKC')
    .replace(/\p{Cf}/gu, '')
    .toLowerCase()
    .replace(/\s+/g, ' ')
    .trim();
}
