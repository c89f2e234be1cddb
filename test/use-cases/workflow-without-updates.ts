import { condition } from '@temporalio/workflow';

/** Stands in for the workflow of a version without updates. */
export async function collectRecords(): Promise<void> {
  await condition(() => false);
}
