import type { Organization, Person } from '../state';
import { CATALOGUE, type Demand, demandOf } from './catalogue';

/** One provider that a person has to do with. */
interface Connection {
  readonly id: string;
  readonly name: string;
  readonly kind: Organization['kind'];
  readonly state: 'action' | 'retrieving' | 'delivered' | 'disconnected';
  /** How many reports it has delivered. */
  readonly reports: number;
  /** Set while it waits for the person. */
  readonly demand: Demand | null;
}

/** What the page tells the person about their own case. Someone whose invitation is over is told no more than that it is. */
export function caseOf(person: Person) {
  return {
    phase: phaseOf(person),
    firstName: person.firstName,
    reference: person.clientUserId,
    status: person.status,
    /** The persona that acts by itself; null once its script is over or somebody took over. */
    playedBy: person.ownScript === null && person.nextStep !== null ? person.persona : null,
    connections: connectionsOf(person),
  };
}

/** The catalogue as the page shows it; what the carrier has suggested is marked. */
export function choiceOf({ suggestedSources }: Person) {
  const suggested = new Set((suggestedSources ?? []).map((name) => name.trim().toLowerCase()));
  return CATALOGUE.map(({ organization: { id, name, kind }, place, alsoFoundAs, note }) => ({
    id,
    name,
    kind,
    place,
    alsoFoundAs,
    note,
    suggested: suggested.has(name.toLowerCase()),
  }));
}

/** Declining stays what the person is told, also after the carrier has deleted them because of it. */
function phaseOf({ status, deletedAt }: Person): 'open' | 'declined' | 'ended' {
  if (status.toLowerCase() === 'declined') return 'declined';
  return deletedAt === null ? 'open' : 'ended';
}

function connectionsOf({ sources, reports }: Person): Connection[] {
  const delivered = (id: string) => reports.filter(({ organization }) => organization?.id === id).length;
  const connected = sources.map(({ organization: { id, name, kind }, demands }): Connection => {
    const count = delivered(id);
    const state = demands ? 'action' : count > 0 ? 'delivered' : 'retrieving';
    return { id, name, kind, state, reports: count, demand: demands ? demandOf(id) : null };
  });
  const earlier = new Map<string, Connection>();
  for (const { organization } of reports) {
    if (!organization || connected.some(({ id }) => id === organization.id)) continue;
    const { id, name, kind } = organization;
    earlier.set(id, { id, name, kind, state: 'disconnected', reports: delivered(id), demand: null });
  }
  return [...connected, ...earlier.values()];
}
