import { readFile } from 'node:fs/promises';
import { generateKey } from '../../src/temporal/key-ring';
import { applicantWorkflowId } from '../../src/workflows/contract';
import { useCleanup } from '../support/cleanup';
import { until } from '../support/condition';
import { EVENTS_SECRET, type ReceivedEvent, startEventReceiver } from '../support/event-receiver';
import { Installation, type InstallationOptions, SECRETS } from '../support/installation';
import { useBuild } from '../support/processes';
import { filesIn } from '../support/stored';
import { DELETES_SOON } from '../support/temporal-server';
import { type ApiTraffic, callApi } from './api-traffic';
import { scan } from './scan';

/** Strings that occur nowhere else, in each field of an applicant. */
const IDENTITY = {
  domain: 'quorwhistle.example',
  firstName: 'Zephyrina',
  lastName: 'Ostrowhisk',
  dateOfBirth: '1971-03-09',
  source: 'Marzipan Infirmary',
};
/** From upstream: a provider's name, an unknown status, a report's type. */
const UPSTREAM_TEXTS = ['Starfleet Medical', 'Wobbling Cormorant', 'gallimaufry-report'];
/** From an operator. */
const NOTE = 'Grumbling Wolverine';
const CANARIES = [...Object.values(IDENTITY), ...UPSTREAM_TEXTS, NOTE];

const [BY_COMMAND, BY_AGE, KEPT] = ['POL-varnishcote', 'POL-thimblewick', 'POL-candlegarth'] as const;
const CANCELLED = 'POL-silent';
const BY_API = 'POL-hedgecombe';

const STEP_TIMEOUT_MS = 90_000;
jest.setTimeout(300_000);

interface Traces {
  readonly database: Buffer;
  /** Spool, quarantine, audit log, shelf, temporary files: all files but the applicants' folders. */
  readonly files: Buffer;
  /** The names of all files, with the applicants' folders. */
  readonly names: Buffer;
}

interface Output {
  readonly logs: Buffer;
  readonly metrics: Buffer;
  /** What the api sent, except what was asked for. */
  readonly traffic: ApiTraffic;
  /** What the receiver of events got. */
  readonly events: readonly ReceivedEvent[];
  /** The secret part of each invitation link. */
  readonly linkTokens: readonly string[];
}

const cleanup = useCleanup();
useBuild();

test('with keys, personal data is only in the folder of the applicant; an erasure, by command or by age, leaves only lines of the audit log', async () => {
  const applicants = { [BY_COMMAND]: 'eager', [BY_AGE]: 'eager', 'POL-declines': 'declines', 'POL-broken': 'broken' };
  let beforeErasure: Traces | undefined;
  const [main, webhook] = [generateKey('main'), generateKey('webhook')];
  const keys = { main: `${main},${webhook}`, webhook };
  const { traces, output } = await runApplicants({ ...applicants, [KEPT]: 'silent' }, keys, async (installation) => {
    beforeErasure = await tracesOf(installation);
    await eraseAndCheck(installation);
  });
  expect(output.linkTokens).toHaveLength(7);
  const forbidden = [...CANARIES, ...SECRETS, ...output.linkTokens];
  for (const { database, files } of [traces, beforeErasure ?? traces]) {
    const { headers, bodies } = output.traffic;
    const { logs, metrics } = output;
    const events = Buffer.from(output.events.map(({ raw }) => raw).join('\n'));
    const places = { database, files, logs, metrics, headers, bodies, events };
    for (const [place, bytes] of Object.entries(places)) {
      expect({ place, found: scan(bytes, forbidden) }).toEqual({ place, found: [] });
    }
    expect(files.length).toBeGreaterThan(1_000);
  }
  expect(scan(beforeErasure?.names ?? Buffer.alloc(0), Object.values(IDENTITY))).toEqual([]);
  expect(output.logs.length).toBeGreaterThan(10_000);
  const types = ['started', 'stage-changed', 'closed', 'erased'].map((type) => `applicant.${type}`);
  expect(output.events.map(({ body }) => body.type)).toEqual(expect.arrayContaining([...types, 'document.stored']));
  // The scan sees what it must: every kind of answer, and the acts in the audit log.
  expect(new Set(output.traffic.statuses)).toEqual(new Set([200, 201, 202, 400, 401, 404, 409, 422]));
  expect(scan(traces.files, ['"onBehalfOf":"user-4711"', '"did":"open-document"', '"did":"snooze"'])).toHaveLength(3);
});

test('without keys the same scan finds the data in Temporal, and still not in logs and metrics', async () => {
  const { traces, output } = await runApplicants({ 'POL-eager': 'eager' }, undefined, async () => {});
  const foundCanaries = new Set(scan(traces.database, CANARIES).map(({ canary }) => canary));
  expect([...foundCanaries].sort()).toEqual([...CANARIES].sort());
  const { logs, metrics, traffic } = output;
  for (const [place, bytes] of Object.entries({ logs, metrics, headers: traffic.headers, bodies: traffic.bodies })) {
    const forbidden = [...CANARIES, ...SECRETS, ...output.linkTokens];
    expect({ place, found: scan(bytes, forbidden) }).toEqual({ place, found: [] });
  }
  expect(scan(traces.files, output.linkTokens)).toEqual([]);
});

/** Runs applicants (persona by clientUserId, and one that is cancelled) to their ends, calls `act`, stops all, and returns what remains. */
async function runApplicants(
  personas: Readonly<Record<string, string>>,
  keys: NonNullable<InstallationOptions['keys']> | undefined,
  act: (installation: Installation) => Promise<void>,
): Promise<{ readonly traces: Traces; readonly output: Output }> {
  const { url: EVENTS_URL, received: events } = await startEventReceiver(cleanup);
  const installation = await Installation.start({
    speed: 1_200,
    notices: 'sent',
    policy: { SETTLE_ALL_SYNCED: '1s', POLL_SYNCING: '1s', SETTLE_ERROR: '1s', EVENTS_URL, EVENTS_SECRET },
    logLevel: 'trace',
    database: 'file',
    temporalArguments: DELETES_SOON,
    ...(keys && { keys }),
  });
  try {
    const worker = await installation.startWorker();
    const api = await installation.startApi();
    const rows = Object.entries({ ...personas, [CANCELLED]: 'silent' }).map(([clientUserId, as]) => ({
      clientUserId,
      as,
    }));
    await installation.startApplicants(rows, [], {}, IDENTITY);
    const linkTokens = await Promise.all(rows.map(({ clientUserId }) => linkTokenOf(installation, clientUserId)));
    const humanId = await humanIdOf(installation, CANCELLED);
    const endpoint = 'https://admin.humanapi.co/api/v1/users';
    const about = { clientUserId: CANCELLED, humanId, updatedAt: new Date().toISOString(), endpoint };
    const statusNotice = { ...about, property: 'status', value: 'Wobbling Cormorant' };
    const reportNotice = {
      ...about,
      humanId: 'f'.repeat(32),
      objectId: 'r-1',
      action: 'created',
      type: 'gallimaufry-report',
      endpoint: 'https://api.humanapi.co/v1/human/medical/reports',
    };
    await installation.notify([statusNotice, reportNotice]);
    for (const { clientUserId } of rows.filter(({ as }) => as !== 'silent')) {
      await installation.waitForEnd(clientUserId, STEP_TIMEOUT_MS);
    }
    await installation.client.workflow.getHandle(applicantWorkflowId(CANCELLED)).cancel();
    await until(
      'the cancelled person to be deleted',
      async () => {
        const people = await installation.upstream.people(CANCELLED);
        return people.every(({ deleted }) => deleted);
      },
      STEP_TIMEOUT_MS,
    );
    const closed = Object.keys(personas)[0] ?? '';
    const { domain, source, ...details } = IDENTITY;
    const traffic = await callApi(api.addresses[0] ?? '', {
      details: { ...details, clientUserEmail: `silent@${domain}`, suggestedSources: [source] },
      note: NOTE,
      clientUserId: BY_API,
      closed,
    });
    linkTokens.push(traffic.linkToken);
    const metrics = Buffer.from(await installation.metrics());
    await act(installation);
    await installation.temporal.stop();
    // Without Temporal the notice stays in the spool.
    await installation.notify([statusNotice]);
    await installation.stop();
    const logs = Buffer.from(worker.output() + installation.output());
    return { traces: await tracesOf(installation), output: { logs, metrics, traffic, events, linkTokens } };
  } finally {
    await installation.remove();
  }
}

async function eraseAndCheck(installation: Installation): Promise<void> {
  const humanIds = await Promise.all([BY_COMMAND, BY_AGE].map((id) => humanIdOf(installation, id)));
  const erasedIds = [BY_COMMAND, BY_AGE, ...humanIds];
  const before = await filesIn(installation.folder);
  expect(erasedIds.filter((id) => filesWith(before, id).length === 0)).toEqual([]);

  expect(await installation.runCommand('erase', BY_COMMAND, '--yes')).toMatchObject({ status: 0 });
  // With the event of the erasure, which is removed once it is delivered.
  await until(
    'the erasure by command',
    async () => filesWith(await filesIn(installation.folder), BY_COMMAND).every(isAuditFile),
    STEP_TIMEOUT_MS,
  );
  await installation.replaceWorker({ REPORTS_RETENTION: '1s' });
  const files = await until(
    'the erasure by age',
    async () => {
      const current = await filesIn(installation.folder);
      const erased = auditLinesOf(current).some(({ did, clientUserId }) => did === 'erase' && clientUserId === BY_AGE);
      return erased && filesWith(current, BY_AGE).every(isAuditFile) && current;
    },
    STEP_TIMEOUT_MS,
  );
  const { count } = await installation.client.workflow.count(`HumanId IN ("${humanIds.join('", "')}")`);
  expect(count).toBe(0);
  expect(erasedIds.flatMap((id) => filesWith(files, id)).filter((name) => !isAuditFile(name))).toEqual([]);
  expect(filesWith(files, KEPT).some((name) => !isAuditFile(name))).toBe(true);
  const erasures = auditLinesOf(files).filter(({ did }) => did === 'erase');
  expect(erasures.map(({ who, clientUserId }) => [who.split(':')[0], clientUserId])).toEqual(
    expect.arrayContaining([
      ['cli', BY_COMMAND],
      ['worker', BY_AGE],
    ]),
  );
}

async function humanIdOf({ upstream }: Installation, clientUserId: string): Promise<string> {
  const [person] = await upstream.people(clientUserId);
  if (!person) throw new Error(`expected ${clientUserId} upstream`);
  return person.humanId;
}

/** Returns the secret part of the invitation link; its host is public. */
function linkTokenOf({ upstream }: Installation, clientUserId: string): Promise<string> {
  return until(
    `the link of ${clientUserId}`,
    async () => {
      const people = await upstream.people(clientUserId);
      const token = people.length > 0 && (await upstream.inviteLink(clientUserId)).split('/').at(-1);
      return token !== undefined && token !== '' && token;
    },
    STEP_TIMEOUT_MS,
  );
}

async function tracesOf({ folder, databaseFile }: Installation): Promise<Traces> {
  const files = await filesIn(folder);
  const outside = [...files].filter(([name]) => !/^reports\/POL-/.test(name));
  const journal = await readFile(`${databaseFile}-wal`).catch(() => Buffer.alloc(0));
  return {
    database: Buffer.concat([await readFile(databaseFile), journal]),
    files: Buffer.concat(outside.map(([, bytes]) => bytes)),
    names: Buffer.from([...files.keys()].join('\n')),
  };
}

/** Returns the files whose name or content has the id. */
function filesWith(files: ReadonlyMap<string, Buffer>, id: string): string[] {
  return [...files].flatMap(([name, bytes]) => (name.includes(id) || scan(bytes, [id]).length > 0 ? [name] : []));
}

function isAuditFile(name: string): boolean {
  return name.startsWith('.data/audit/');
}

function auditLinesOf(files: ReadonlyMap<string, Buffer>): { did: string; who: string; clientUserId: string }[] {
  const texts = [...files].filter(([name]) => isAuditFile(name)).map(([, bytes]) => bytes.toString());
  // The last line may be incomplete while a process writes it.
  const lines = texts.flatMap((text) => text.split('\n').slice(0, -1));
  return lines.map((line) => JSON.parse(line));
}
