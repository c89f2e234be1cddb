import type { Organization, Person } from '../state';
import { CATALOGUE, type Demand, demandFor } from './catalogue';

/** A connected provider, or one that was disconnected after a delivery. */
interface Connection {
  readonly id: string;
  readonly name: string;
  readonly kind: Organization['kind'];
  readonly state: 'action' | 'retrieving' | 'delivered' | 'disconnected';
  /** Number of delivered reports. */
  readonly reports: number;
  /** The open demand. */
  readonly demand: Demand | null;
}

/** The state of an invitation, as the page shows it. */
export function describeCase(person: Person) {
  return {
    phase: phaseOf(person),
    firstName: person.firstName,
    reference: person.clientUserId,
    status: person.status,
    /** The persona that runs its script; null after the script ended or an action by hand replaced it. */
    playedBy: person.ownScript === null && person.nextStep !== null ? person.persona : null,
    connections: connectionsOf(person),
  };
}

/** The catalogue as the page shows it, with the carrier's suggestions. */
export function describeProviders({ suggestedSources }: Person) {
  const suggested = new Set((suggestedSources ?? []).map((name) => name.trim().toLowerCase()));
  return CATALOGUE.map(({ organization: { id, name, kind }, location, alsoFoundAs, note }) => ({
    id,
    name,
    kind,
    location,
    alsoFoundAs,
    note,
    suggested: suggested.has(name.toLowerCase()),
  }));
}

/** `declined` stays after the carrier deletes the person. */
function phaseOf({ status, deletedAt }: Person): 'open' | 'declined' | 'ended' {
  if (status.toLowerCase() === 'declined') return 'declined';
  return deletedAt === null ? 'open' : 'ended';
}

function connectionsOf({ sources, reports }: Person): Connection[] {
  const delivered = (id: string) => reports.filter(({ organization }) => organization?.id === id).length;
  const connected = sources.map(({ organization: { id, name, kind }, demands }): Connection => {
    const count = delivered(id);
    const state = demands ? 'action' : count > 0 ? 'delivered' : 'retrieving';
    return { id, name, kind, state, reports: count, demand: demands ? demandFor(id) : null };
  });
  const earlier = new Map<string, Connection>();
  for (const { organization } of reports) {
    if (!organization || connected.some(({ id }) => id === organization.id)) continue;
    const { id, name, kind } = organization;
    earlier.set(id, { id, name, kind, state: 'disconnected', reports: delivered(id), demand: null });
  }
  return [...connected, ...earlier.values()];
}
