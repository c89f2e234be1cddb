import type { Client } from '@temporalio/client';
import { defaultDataConverter, defaultPayloadConverter } from '@temporalio/common';
import { readInvitedPeople } from '../../src/temporal/history';

type Activity = readonly [name: string, result?: unknown];

/** A payload that this client cannot decode. */
const ENCRYPTED = { metadata: { encoding: Buffer.from('binary/encrypted') }, data: Buffer.from('?') };
const INPUT = { details: { clientUserId: 'POL-1', clientUserEmail: 'pol-1@example.org' } };

function payloadsOf(value: unknown) {
  return { payloads: [value === ENCRYPTED ? ENCRYPTED : defaultPayloadConverter.toPayload(value)] };
}

/** A client of one run with this input. Its activities are scheduled, and completed if they have a result. A page has one event. */
function clientOf(input: unknown, activities: readonly Activity[]): Client {
  const events = [
    { eventId: 1, workflowExecutionStartedEventAttributes: { input: payloadsOf(input) } },
    ...activities.flatMap(([name, ...results], at) => [
      { eventId: 10 * (at + 1), activityTaskScheduledEventAttributes: { activityType: { name } } },
      ...results.map((result) => ({
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
  ['has not scheduled an invitation', [['readEarlierRound', { kind: 'none' }]], INPUT, NO_ONE],
  ['was terminated with its invitation in flight', [['invite']], INPUT, OPEN],
  [
    'was terminated before it processed the result',
    [['invite', { kind: 'invited', humanId: 'h-1' }]],
    INPUT,
    knownPerson('h-1'),
  ],
  ['adopted a person', [['invite', { kind: 'adopted', humanId: 'h-1' }]], INPUT, knownPerson('h-1')],
  ['had a conflict', [['invite', { kind: 'conflict' }]], INPUT, NO_ONE],
  ['had invalid details', [['invite', { kind: 'invalid', keys: [] }]], INPUT, NO_ONE],
  [
    'was cancelled and found the person it had invited',
    [['invite'], ['findInvited', { kind: 'found', humanId: 'h-1' }]],
    INPUT,
    { humanIds: ['h-1'], email: 'pol-1@example.org' },
  ],
  ['was cancelled and found no one', [['invite'], ['findInvited', { kind: 'nobody' }]], INPUT, OPEN],
  [
    'was terminated with an undecided answer to a create',
    [['invite', { kind: 'undecided', createSent: true }]],
    INPUT,
    OPEN,
  ],
  ['has an undecided answer without a create', [['invite', { kind: 'undecided', createSent: false }]], INPUT, NO_ONE],
  ['has an unreadable result', [['invite', ENCRYPTED]], INPUT, OPEN],
  ['has an unreadable input', [['invite']], ENCRYPTED, NO_ONE],
  ['has an input without details', [['invite']], {}, NO_ONE],
  ['only withdrew a person', [['withdraw', { kind: 'invited', humanId: 'h-1' }]], INPUT, NO_ONE],
])('the invited people of a run that %s', async (_, activities, input, expected) => {
  const run = { workflowId: 'applicant-POL-1', runId: 'r' };
  expect(await readInvitedPeople(clientOf(input, activities), run)).toEqual(expected);
});

function knownPerson(humanId: string) {
  return { humanIds: [humanId], email: null };
}
