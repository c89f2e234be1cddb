import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { PERSONAS } from '../../sandbox/personas/catalogue';
import { useFolders } from '../support/folders';
import { WORKFLOW_BUNDLE } from '../support/global-setup';
import { type Recorded, recordedHistories } from './recorded';

/** One history each, by the names that `npm run record` gives them. */
const APPLICANTS = [
  ...PERSONAS.map(({ name }) => name),
  ...['adopted', 'cancelled', 'conflict', 'handed-over-1', 'handed-over-2', 'handed-over-3'],
];
/** Their policies have every field of their version, and no later one. */
const RELEASES = ['0.2.0'];
const OF_RELEASE = ['attention', 'cancelled', 'closing', 'list-in-flight', 'rejected', 'stuck', 'waiting'];
const OTHERS = ['mailbox', 'refresh', 'refresh-checks', 'refresh-of-nothing', 'sweep', 'withdraw'];

// The SDK logs pages for each history that does not replay; the results suffice.
beforeAll(() =>
  Runtime.install({
    logger: new DefaultLogger('ERROR', () => {}),
    telemetryOptions: { logging: { filter: 'OFF', forward: {} } },
  }),
);

/** The error of each history's replay, by name; null: it replays. */
async function replay(codePath: string, histories: readonly Recorded[]): Promise<Record<string, string | null>> {
  const errors: Record<string, string | null> = {};
  for (const recorded of histories) errors[recorded.name] = await replayOne(codePath, recorded);
  return errors;
}

/** Under its recorded workflow id, because the jitter of an applicant's polls is computed from it. */
async function replayOne(codePath: string, { name, history }: Recorded): Promise<string | null> {
  const workflowId = history.events?.[0]?.workflowExecutionStartedEventAttributes?.workflowId ?? name;
  const runs = [{ workflowId, history }];
  for await (const { error } of Worker.runReplayHistories({ workflowBundle: { codePath } }, runs)) {
    return error ? error.name : null;
  }
  throw new Error(`${name} was not replayed`);
}

function all(names: readonly string[], error: string | null): Record<string, string | null> {
  return Object.fromEntries(names.map((name) => [name, error]));
}

test('every recorded history replays with the current workflows', async () => {
  expect(await replay(WORKFLOW_BUNDLE, recordedHistories())).toEqual(all([...APPLICANTS, ...OTHERS], null));
});

test.each(RELEASES)('the runs of %s replay with the current workflows', async (release) => {
  const histories = recordedHistories(join(__dirname, release));
  expect(await replay(WORKFLOW_BUNDLE, histories)).toEqual(all(OF_RELEASE, null));
});

describe('the replay fails', () => {
  const newFolder = useFolders();

  /** The current bundle with one change in its text. */
  async function changedBundle(from: RegExp, to: string): Promise<string> {
    const current = readFileSync(WORKFLOW_BUNDLE, 'utf8');
    expect(current.match(from)).not.toBeNull();
    const codePath = await newFolder('workflow-bundle.js');
    writeFileSync(codePath, current.replace(from, to));
    return codePath;
  }

  test('if the workflow calls another activity', async () => {
    const codePath = await changedBundle(/\.invite\(/g, '.inviteAgain(');
    const invited = recordedHistories().filter(({ name }) => name === 'eager' || name === 'cancelled');
    expect(await replay(codePath, invited)).toEqual(all(['eager', 'cancelled'], 'DeterminismViolationError'));
  });

  test('if the workflow decides differently', async () => {
    // A person who declined is no longer withdrawn.
    const codePath = await changedBundle(
      /conclude\('declined', 'declined', true\)/g,
      "conclude('declined', 'declined', false)",
    );
    const declined = recordedHistories().filter(({ name }) => name === 'declines');
    expect(await replay(codePath, declined)).toEqual(all(['declines'], 'DeterminismViolationError'));
  });
});
