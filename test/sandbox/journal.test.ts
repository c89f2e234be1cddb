import { appendFileSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { clearJournal, openJournal } from '../../sandbox/journal';
import { useFolders } from '../support/folders';
import { HOUR_MS, MINUTE_MS, startSandbox } from './fixture';
import { VirtualClock } from './virtual-clock';

const NOW_MS = new VirtualClock().nowMs();
const newFolder = useFolders();
const journalOf = (folder: string) => join(folder, 'journal.jsonl');

/** Starts a sandbox with a data folder. Without `close` its end is like a kill: it writes nothing more. */
const startWith = (folder: string, clock = new VirtualClock()) =>
  startSandbox({ clock, saved: openJournal(folder, clock.nowMs()) });

/** Copies a part of a journal into a new folder. */
async function copyPart(folder: string, cut: (text: string) => string): Promise<string> {
  const copy = await newFolder();
  writeFileSync(journalOf(copy), cut(readFileSync(journalOf(folder), 'latin1')), 'latin1');
  return copy;
}

describe('a data folder', () => {
  it('keeps people, tokens, the scenario and the time of the next step over a kill', async () => {
    const folder = await newFolder();
    const first = await startWith(folder);
    const humanId = await first.invite('POL-1', 'eager@example.org');
    const deleted = await first.invite('POL-2', 'eager@example.org');
    await first.users('DELETE', `/${deleted}`);
    const token = await first.clientToken();
    await first.call('PUT', '/control/scenario', { json: { faults: [{ on: 'delete', fault: 'reset' }] } });
    first.clock.advance(5 * MINUTE_MS);

    const clock = new VirtualClock();
    clock.advance(8 * MINUTE_MS);
    const { people, call } = await startWith(folder, clock);
    expect(await people()).toMatchObject([
      { humanId, status: 'Engaged', deleted: false },
      { humanId: deleted, deleted: true },
    ]);
    expect((await call('GET', `/admin/api/v1/users/${humanId}`, { token })).status).toBe(200);
    expect((await call('GET', '/control/scenario')).body).toMatchObject({ faults: [{ fault: 'reset' }] });
    // Syncing is due 10 minutes after the invitation.
    for (const [byMs, status] of [
      [2 * MINUTE_MS - 1, 'Engaged'],
      [1, 'Syncing'],
      [HOUR_MS, 'All Synced'],
    ] as const) {
      clock.advance(byMs);
      expect(await people()).toMatchObject([{ status }, {}]);
    }
  });

  it('is readable and writable after a cut at any byte', async () => {
    const folder = await newFolder();
    const { invite, clock } = await startWith(folder);
    for (const id of ['POL-1', 'POL-2', 'POL-3']) await invite(id, 'eager@example.org');
    clock.advance(HOUR_MS);
    const { length } = readFileSync(journalOf(folder));
    let before = 0;
    for (let byte = 0; byte <= length; byte += 211) {
      const copy = await copyPart(folder, (text) => text.slice(0, byte));
      const { state, journal } = openJournal(copy, NOW_MS);
      expect(state.people.length).toBeGreaterThanOrEqual(before);
      before = state.people.length;
      journal.token('a', { kind: 'client', humanId: null, expiresAtMs: NOW_MS + 1 });
      expect(Object.keys(openJournal(copy, NOW_MS).state.tokens)).toContain('a');
      journal.close();
    }
    expect(before).toBe(3);
  });

  it('repeats no step of a script after a cut at any line', async () => {
    const folder = await newFolder();
    const { invite, clock } = await startWith(folder);
    await invite('POL-1', 'eager@example.org');
    clock.advance(HOUR_MS);
    const lines = readFileSync(journalOf(folder), 'utf8').split('\n').length;
    for (let count = 4; count < lines; count += 1) {
      const copy = await copyPart(folder, (text) => `${text.split('\n').slice(0, count).join('\n')}\n`);
      const started = await startWith(copy);
      started.clock.advance(10 * HOUR_MS);
      const [person] = await started.people();
      if (person) expect(person).toMatchObject({ status: 'All Synced', reports: 2 });
      await started.sandbox.close();
    }
  });

  it('keeps the script of an action by hand', async () => {
    const folder = await newFolder();
    const { create, sandbox } = await startWith(folder);
    const { inviteLink } = await create('POL-1', 'silent@example.org');
    const organization = { id: '70c1e5a94bd2f8360e9a7d14', name: 'Starfleet Medical', kind: 'hospital' } as const;
    const behaviour = { organization, gives: ['unity'] as const, deliversAfterMs: 10 * MINUTE_MS, demands: false };
    sandbox.actions.connect(sandbox.actions.personByToken(inviteLink.split('/').at(-1) ?? ''), [behaviour]);
    const { people, clock } = await startWith(folder);
    expect(await people()).toMatchObject([{ status: 'Syncing', reports: 0 }]);
    clock.advance(20 * MINUTE_MS);
    expect(await people()).toMatchObject([{ status: 'All Synced', reports: 1 }]);
  });

  it('is empty after a reset', async () => {
    const folder = await newFolder();
    const { invite, call } = await startWith(folder);
    await invite('POL-1', 'eager@example.org');
    await call('POST', '/control/reset');
    expect(openJournal(folder, NOW_MS).state.people).toEqual([]);
  });
});

describe('the journal', () => {
  it('is private and drops expired tokens', async () => {
    const folder = await newFolder();
    const { journal } = openJournal(folder, NOW_MS);
    journal.token('old', { kind: 'client', humanId: null, expiresAtMs: NOW_MS });
    journal.token('new', { kind: 'client', humanId: null, expiresAtMs: NOW_MS + 1 });
    expect(statSync(journalOf(folder)).mode & 0o077).toBe(0);
    expect(Object.keys(openJournal(folder, NOW_MS).state.tokens)).toEqual(['new']);
  });

  it('is compacted when most of it is outdated', async () => {
    const folder = await newFolder();
    const saved = openJournal(folder, NOW_MS);
    await (await startSandbox({ saved })).invite('POL-1', 'eager@example.org');
    const [person] = saved.state.people;
    if (!person) throw new Error('expected the invited person');
    const large = { ...person, firstName: 'x'.repeat(1_000_000) };
    for (let time = 0; time < 40; time += 1) saved.journal.person(large);
    expect(statSync(journalOf(folder)).size).toBeLessThan(20_000_000);
    expect(openJournal(folder, NOW_MS).state.people).toHaveLength(1);
  });

  it('with an invalid line is rejected with the line number, and can be cleared', async () => {
    const folder = await newFolder();
    openJournal(folder, NOW_MS).journal.close();
    appendFileSync(journalOf(folder), 'nonsense\n{"token":["a",{}]}\n');
    expect(() => openJournal(folder, NOW_MS)).toThrow(/journal\.jsonl, line 3: expected a journal entry .*--reset/);
    clearJournal(folder);
    expect(openJournal(folder, NOW_MS).state.people).toEqual([]);
  });
});
