import type { Client } from '@temporalio/client';
import { defaultDataConverter, defaultPayloadConverter } from '@temporalio/common';
import { readInvitedPeople } from '../../src/temporal/history';

type Activity = readonly [name: string, answer?: unknown];

/** What this client has no key for. */
const SEALED = { metadata: { encoding: Buffer.from('binary/encrypted') }, data: Buffer.from('?') };
const INPUT = { details: { clientUserId: 'POL-1', clientUserEmail: 'pol-1@example.org' } };

function payloadsOf(value: unknown) {
  return { payloads: [value === SEALED ? SEALED : defaultPayloadConverter.toPayload(value)] };
}

/** A client before one run: its input, and activities that were scheduled and, where an answer is given, completed. A page an event. */
function clientBefore(input: unknown, activities: readonly Activity[]): Client {
  const events = [
    { eventId: 1, workflowExecutionStartedEventAttributes: { input: payloadsOf(input) } },
    ...activities.flatMap(([name, ...answer], at) => [
      { eventId: 10 * (at + 1), activityTaskScheduledEventAttributes: { activityType: { name } } },
      ...answer.map((result) => ({
        activityTaskCompletedEventAttributes: { scheduledEventId: 10 * (at + 1), result: payloadsOf(result) },
      })),
    ]),
  ];
  return {
    options: { namespace: 'default', loadedDataConverter: defaultDataConverter },
    withDeadline: (_: number, call: () => Promise<unknown>) => call(),
    workflowService: {
      getWorkflowExecutionHistory: async ({ nextPageToken = Buffer.from([0]) }: { nextPageToken?: Uint8Array }) => {
        const at = nextPageToken[0] ?? 0;
        const more = at + 1 < events.length && { nextPageToken: Buffer.from([at + 1]) };
        return { history: { events: events.slice(at, at + 1) }, ...more };
      },
    },
  } as unknown as Client;
}

const NO_ONE = { humanIds: [], email: null };
const OPEN = { humanIds: [], email: 'pol-1@example.org' };

test.each<[string, readonly Activity[], unknown, object]>([
  ['has not come to an invitation', [['readEarlierRound', { kind: 'none' }]], INPUT, NO_ONE],
  ['was ended with its invitation in flight', [['invite']], INPUT, OPEN],
  ['was ended before it took the answer in', [['invite', { kind: 'invited', humanId: 'h-1' }]], INPUT, known('h-1')],
  ['adopted', [['invite', { kind: 'adopted', humanId: 'h-1' }]], INPUT, known('h-1')],
  ['met a conflict', [['invite', { kind: 'conflict' }]], INPUT, NO_ONE],
  ['was refused the details', [['invite', { kind: 'invalid', keys: [] }]], INPUT, NO_ONE],
  [
    'was cancelled, and found whom it had invited',
    [['invite'], ['findInvited', { kind: 'found', humanId: 'h-1' }]],
    INPUT,
    { humanIds: ['h-1'], email: 'pol-1@example.org' },
  ],
  ['was cancelled, and found nobody', [['invite'], ['findInvited', { kind: 'nobody' }]], INPUT, OPEN],
  ['was ended while no answer decided', [['invite', { kind: 'undecided', createSent: true }]], INPUT, OPEN],
  ['sent no create that counts', [['invite', { kind: 'undecided', createSent: false }]], INPUT, NO_ONE],
  ['has an answer that cannot be read', [['invite', SEALED]], INPUT, OPEN],
  ['has an input that cannot be read', [['invite']], SEALED, NO_ONE],
  ['has an input without details', [['invite']], {}, NO_ONE],
  ['withdrew a person', [['withdraw', { kind: 'invited', humanId: 'h-1' }]], INPUT, NO_ONE],
])('a run that %s', async (_, activities, input, expected) => {
  const run = { workflowId: 'applicant-POL-1', runId: 'r' };
  expect(await readInvitedPeople(clientBefore(input, activities), run)).toEqual(expected);
});

function known(humanId: string) {
  return { humanIds: [humanId], email: null };
}
