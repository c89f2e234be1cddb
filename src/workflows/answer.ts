import { documentCount } from '../domain/collection';
import type { ApplicantState, StateAnswer } from './contract';

/** Rows, documents and answers that the query shows; of more the first ones, so that its answer fits into Temporal's payloads. */
const SHOWN_MOST = 100;

/** The state as the query answers it: in full, but for the lists of an applicant with very many reports. */
export function answerOf(state: ApplicantState): StateAnswer {
  const { collection } = state;
  const { listed, seen, documents, answers, marks } = collection;
  return {
    ...state,
    documentCount: documentCount(collection),
    collection: {
      ...collection,
      listed: listed.slice(0, SHOWN_MOST),
      seen: seen.slice(0, SHOWN_MOST),
      documents: documents.slice(0, SHOWN_MOST),
      answers: firstOf(answers),
      marks: firstOf(marks),
    },
  };
}

function firstOf<T>(record: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).slice(0, SHOWN_MOST));
}
