import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clearJournal, openJournal } from '../../sandbox/journal';
import { startSandbox } from './fixture';
import { VirtualClock } from './virtual-clock';

const MINUTE_MS = 60_000;
const NOW_MS = Date.parse('2030-03-01T09:00:00.000Z');

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sandbox-journal-'));
  folders.push(folder);
  return folder;
}

const journalIn = (folder: string) => join(folder, 'journal.jsonl');

/** A sandbox over a folder. Without `close` it ends as if it were killed: nothing more is written. */
async function remembering(
  folder: string,
  clock = new VirtualClock(),
  options: Parameters<typeof startSandbox>[0] = {},
) {
  const started = await startSandbox({ ...options, clock, memory: openJournal(folder, clock.nowMs()) });
  const people = async () => (await started.call('GET', '/control/people')).body as { [key: string]: unknown }[];
  return { ...started, people };
}

/** Copies what was written, up to a byte or a line, into a folder of its own. */
function cut(folder: string, keep: (text: string) => string): string {
  const copy = newFolder();
  writeFileSync(journalIn(copy), keep(readFileSync(journalIn(folder), 'latin1')), 'latin1');
  return copy;
}

describe('what a sandbox remembers', () => {
  it('is people, tokens, the scenario, and where every script stood', async () => {
    const folder = newFolder();
    const clock = new VirtualClock();
    const first = await remembering(folder, clock);
    const humanId = await first.invite('POL-1', 'eager@example.org');
    const gone = await first.invite('POL-2', 'eager@example.org');
    const token = await first.clientToken();
    await first.call('DELETE', `/admin/api/v1/users/${gone}`, { token });
    await first.call('PUT', '/control/scenario', { json: { faults: [{ on: 'delete', fault: 'reset' }] } });
    clock.advance(5 * MINUTE_MS);

    // Killed: the first one is still open, and does not get to write anything more.
    const later = new VirtualClock();
    later.advance(8 * MINUTE_MS);
    const second = await remembering(folder, later);
    expect(await second.people()).toMatchObject([
      { humanId, status: 'Engaged', deleted: false },
      { humanId: gone, deleted: true },
    ]);
    expect((await second.call('GET', `/admin/api/v1/users/${humanId}`, { token })).status).toBe(200);
    expect((await second.call('GET', '/control/scenario')).body).toMatchObject({ faults: [{ fault: 'reset' }] });
    // Syncing comes when it would have come, 10 minutes after the invitation.
    later.advance(2 * MINUTE_MS - 1);
    expect(await second.people()).toMatchObject([{ status: 'Engaged' }, {}]);
    later.advance(1);
    expect(await second.people()).toMatchObject([{ status: 'Syncing' }, {}]);
    later.advance(60 * MINUTE_MS);
    expect(await second.people()).toMatchObject([{ status: 'All Synced', reports: 2 }, {}]);
  });

  it('is cut at any byte by a kill, and then is what it was a little earlier', async () => {
    const folder = newFolder();
    const { invite, clock } = await remembering(folder);
    for (const id of ['POL-1', 'POL-2', 'POL-3']) await invite(id, 'eager@example.org');
    clock.advance(60 * MINUTE_MS);
    const { length } = readFileSync(journalIn(folder));
    let before = 0;
    for (let byte = 0; byte <= length; byte += 211) {
      const { state, journal } = openJournal(
        cut(folder, (text) => text.slice(0, byte)),
        NOW_MS,
      );
      expect(state.people.length).toBeGreaterThanOrEqual(before);
      before = state.people.length;
      // What is written behind the cut is read again.
      journal.token('a', { kind: 'client', humanId: null, expiresAtMs: NOW_MS + 1 });
      journal.close();
    }
    expect(before).toBe(3);
  });

  it('lets no step of a script be lived twice, wherever the kill fell', async () => {
    const folder = newFolder();
    const { invite, clock } = await remembering(folder);
    await invite('POL-1', 'eager@example.org');
    clock.advance(60 * MINUTE_MS);
    const lines = readFileSync(journalIn(folder), 'utf8').split('\n').length;
    for (let kept = 4; kept < lines; kept += 1) {
      const copy = cut(folder, (text) => `${text.split('\n').slice(0, kept).join('\n')}\n`);
      const { people, clock: later, sandbox } = await remembering(copy);
      later.advance(600 * MINUTE_MS);
      const [person] = await people();
      if (person) expect(person).toMatchObject({ status: 'All Synced', reports: 2 });
      await sandbox.close();
    }
  });

  it('goes on with what somebody did by hand', async () => {
    const folder = newFolder();
    const first = await remembering(folder);
    await first.invite('POL-1', 'silent@example.org');
    const link = (
      JSON.parse(readFileSync(journalIn(folder), 'utf8').split('\n')[3] ?? '') as {
        person: { invitationToken: string };
      }
    ).person.invitationToken;
    const organization = { id: '70c1e5a94bd2f8360e9a7d14', name: 'Starfleet Medical', kind: 'hospital' } as const;
    const terms = { organization, gives: ['unity'] as const, deliversAfterMs: 10 * MINUTE_MS, demands: false };
    first.sandbox.actions.connect(first.sandbox.actions.personByToken(link), [terms]);
    const second = await remembering(folder);
    expect(await second.people()).toMatchObject([{ status: 'Syncing', reports: 0 }]);
    second.clock.advance(20 * MINUTE_MS);
    expect(await second.people()).toMatchObject([{ status: 'All Synced', reports: 1 }]);
  });

  it('is forgotten on a reset, and for good', async () => {
    const folder = newFolder();
    const first = await remembering(folder);
    await first.invite('POL-1', 'eager@example.org');
    await first.call('POST', '/control/reset');
    expect(await (await remembering(folder)).people()).toEqual([]);
    await (await remembering(folder)).invite('POL-2', 'eager@example.org');
    clearJournal(folder);
    expect(openJournal(folder, NOW_MS).state.people).toEqual([]);
  });
});

describe('the journal', () => {
  it('is for its owner only, and drops tokens that have expired', async () => {
    const folder = newFolder();
    const { journal } = openJournal(folder, NOW_MS);
    journal.token('old', { kind: 'client', humanId: null, expiresAtMs: NOW_MS });
    journal.token('new', { kind: 'client', humanId: null, expiresAtMs: NOW_MS + 1 });
    expect(statSync(journalIn(folder)).mode & 0o077).toBe(0);
    expect(Object.keys(openJournal(folder, NOW_MS).state.tokens)).toEqual(['new']);
  });

  it('does not grow with what is out of date', async () => {
    const folder = newFolder();
    const { state, journal } = openJournal(folder, NOW_MS);
    const { invite } = await startSandbox({ memory: { state, journal } });
    await invite('POL-1', 'eager@example.org');
    const [person] = state.people;
    if (!person) throw new Error('expected the invited person');
    const large = { ...person, firstName: 'x'.repeat(1_000_000) };
    for (let time = 0; time < 40; time += 1) journal.person(large);
    expect(statSync(journalIn(folder)).size).toBeLessThan(20_000_000);
    expect(openJournal(folder, NOW_MS).state.people).toHaveLength(1);
  });

  it('that was damaged in its middle is not guessed at', () => {
    const folder = newFolder();
    openJournal(folder, NOW_MS).journal.close();
    appendFileSync(journalIn(folder), 'nonsense\n{"token":["a",{}]}\n');
    expect(() => openJournal(folder, NOW_MS)).toThrow(/journal\.jsonl, line 3: expected an entry .*--reset/);
    clearJournal(folder);
    expect(openJournal(folder, NOW_MS).state.people).toEqual([]);
  });
});
