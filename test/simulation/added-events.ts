import type { ApplicantUnderTest } from '../support/applicant-under-test';

/** The number of events of a type that a function adds to the simulated history. */
export async function addedEvents(
  applicant: ApplicantUnderTest,
  type: RegExp,
  run: () => Promise<unknown>,
): Promise<number> {
  const count = async () => {
    const { events } = (await applicant.handle.fetchHistory()) as unknown as { events: readonly string[] };
    return events.filter((event) => type.test(event)).length;
  };
  const before = await count();
  await run();
  return (await count()) - before;
}
