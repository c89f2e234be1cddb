import { DEFAULT_POLICY } from '../../src/domain/policy';
import type { ErasureRecords } from '../../src/temporal/erasure';
import { createOperations } from '../../src/temporal/operations';
import { Unavailable } from '../../src/upstream/errors';
import { applicantWorkflowId } from '../../src/workflows/contract';
import { until } from '../support/condition';
import { facts } from '../support/fake-upstream';
import { setup } from './erasing-carrier';

const TIMEOUT_MS = 90_000;

test(
  'a person who conflicts with an applicant stays upstream when the applicant is erased, and is reported each time',
  async () => {
    const { applicants, erase, humanApi, printed, said, audited, store, runs } = await setup();
    const stranger = humanApi.enrol('TAKEN-1', 'stranger@example.org', 0);
    const details = { clientUserId: 'TAKEN-1', clientUserEmail: 'ours@example.org' };
    await applicants.start({ details, detailsDigest: 'd', policy: DEFAULT_POLICY });
    expect(await applicants.waitForClose('TAKEN-1')).toMatchObject({ outcome: 'failed', reason: 'conflict' });

    expect(await erase('TAKEN-1', '--yes')).toBe(0);
    expect(humanApi.people).toMatchObject([{ humanId: stranger.humanId, deleted: false }]);
    expect(printed).toMatchObject([
      { clientUserId: 'TAKEN-1', result: 'erased', people: 0, files: 1, others: [stranger.humanId] },
    ]);
    expect([await runs(applicantWorkflowId('TAKEN-1')), await store.applicants()]).toEqual([0, []]);
    expect(await erase('TAKEN-1', '--yes')).toBe(0);
    expect(printed.at(-1)).toMatchObject({ result: 'erased', people: 0, others: [stranger.humanId] });
    expect(humanApi.people).toMatchObject([{ deleted: false }]);

    expect(said.join('')).toContain(
      `TAKEN-1: Human API has 1 person under this id whom we do not know; that person was not deleted: ${stranger.humanId}`,
    );
    const ended = audited.filter(({ did }) => did === 'erase').map(({ detail }) => detail);
    expect(ended).toEqual([
      `0 people, 2 runs, 1 files, 0 in quarantine; 1 upstream not known as ours: ${stranger.humanId}`,
      `0 people, 1 runs, 0 files, 0 in quarantine; 1 upstream not known as ours: ${stranger.humanId}`,
    ]);
    expect(said.join('') + JSON.stringify([printed, audited])).not.toContain('example.org');
  },
  TIMEOUT_MS,
);

test(
  'a person who was invited is withdrawn, and a stranger under the same id is left; a withdrawal by hand deletes both',
  async () => {
    const { invite, erase, humanApi, printed, client, operator } = await setup();
    const humanId = await invite('BOTH-1');
    const stranger = humanApi.enrol('BOTH-1', 'stranger@example.org', 0);
    expect(await erase('BOTH-1', '--yes')).toBe(0);
    expect(humanApi.people).toMatchObject([
      { humanId, deleted: true },
      { humanId: stranger.humanId, deleted: false },
    ]);
    expect(printed).toMatchObject([{ result: 'erased', people: 1, others: [stranger.humanId] }]);

    const operations = createOperations({ client, taskQueue: operator.taskQueue });
    expect(await operations.withdraw('BOTH-1')).toMatchObject({ result: 'withdrawn', people: 1 });
    expect(humanApi.people.every(({ deleted }) => deleted)).toBe(true);
  },
  TIMEOUT_MS,
);

test(
  'a person whose invitation was never answered, because its run was ended by force, is withdrawn by the e-mail of that run',
  async () => {
    const { applicants, erase, humanApi, printed, said, client } = await setup();
    humanApi.faults.push({ route: 'invite', error: new Unavailable(facts(503), 'scripted'), times: 1, after: true });
    humanApi.editLookUp = () => [];
    const start = (clientUserEmail: string) => {
      const details = { clientUserId: 'LOST-1', clientUserEmail };
      return applicants.start({ details, detailsDigest: clientUserEmail, policy: DEFAULT_POLICY, again: true });
    };
    await start('Lost-1@example.org');
    await until('a create', TIMEOUT_MS, () => humanApi.people.length > 0);
    await client.workflow.getHandle(applicantWorkflowId('LOST-1')).terminate();
    humanApi.editLookUp = null;
    const stranger = humanApi.enrol('LOST-1', 'stranger@example.org', 0);
    // The newest run knows no one either: corrected details meet the person of the run before.
    await start('corrected@example.org');
    expect(await applicants.waitForClose('LOST-1')).toMatchObject({ outcome: 'failed', reason: 'conflict' });

    expect(await erase('LOST-1', '--yes')).toBe(0);
    expect(humanApi.people).toMatchObject([{ deleted: true }, { humanId: stranger.humanId, deleted: false }]);
    expect(printed).toMatchObject([{ result: 'erased', people: 1, others: [stranger.humanId] }]);
    expect(said.join('') + JSON.stringify(printed)).not.toContain('example.org');
  },
  TIMEOUT_MS,
);

test(
  'a person who was invited while the erasure waited, by a run that has closed meanwhile, is withdrawn too',
  async () => {
    const { invite, erasure, records, humanApi, client } = await setup();
    let begun = false;
    const begin: ErasureRecords['begin'] = async (clientUserId, learnt) => {
      const known = await records.begin(clientUserId, learnt);
      if (begun) return known;
      begun = true;
      await invite(clientUserId);
      await client.workflow.getHandle(applicantWorkflowId(clientUserId)).terminate();
      return known;
    };
    expect(await erasure({ begin }).erase('LATE-1')).toMatchObject({ result: 'erased', people: 1, others: [] });
    expect(humanApi.people).toMatchObject([{ deleted: true }]);
  },
  TIMEOUT_MS,
);

test(
  'a withdrawal does not take the result of another under way that has left people whom it is to withdraw',
  async () => {
    const { humanApi, client, operator } = await setup();
    const { humanId } = humanApi.enrol('SHARED-1', 'shared-1@example.org', 0);
    const operations = createOperations({ client, taskQueue: operator.taskQueue });
    const letGo = humanApi.hold('findPeople');
    const working: string[] = [];
    const attending = { onRun: async (run: { readonly runId: string }) => void working.push(run.runId) };
    const knowing = (...humanIds: string[]) => operations.withdraw('SHARED-1', attending, { humanIds, emails: [] });
    const first = knowing();
    await until('the first', TIMEOUT_MS, () => working.length === 1);
    const second = knowing(humanId);
    await until('the second to share it', TIMEOUT_MS, () => working.length === 2);
    expect(new Set(working).size).toBe(1);
    letGo();
    expect(await first).toMatchObject({ result: 'nobody', people: 0, others: [humanId] });
    expect(await second).toMatchObject({ result: 'withdrawn', people: 1, others: [] });
    expect(new Set(working).size).toBe(2);
  },
  TIMEOUT_MS,
);
