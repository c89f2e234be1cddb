import { countDocuments } from '../domain/collection';
import type { ApplicantState, StateAnswer } from './contract';

/** Rows, documents and answers that the query shows; of more the first ones, so that its answer fits into Temporal's payloads. */
const MAX_SHOWN = 100;

/** The state as the query answers it: in full, but for the lists of an applicant with very many reports. */
export function toStateAnswer(state: ApplicantState): StateAnswer {
  const { collection } = state;
  const { listed, seen, documents, answers, marks } = collection;
  return {
    ...state,
    documentCount: countDocuments(collection),
    collection: {
      ...collection,
      listed: listed.slice(0, MAX_SHOWN),
      seen: seen.slice(0, MAX_SHOWN),
      documents: documents.slice(0, MAX_SHOWN),
      answers: firstEntries(answers),
      marks: firstEntries(marks),
    },
  };
}

function firstEntries<T>(record: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).slice(0, MAX_SHOWN));
}
