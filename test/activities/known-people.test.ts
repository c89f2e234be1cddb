import { MockActivityEnvironment } from '@temporalio/testing';
import { createWithdrawalActivities } from '../../src/activities/withdrawal';
import { FakeUpstream } from '../support/fake-upstream';

const [OURS, STRANGER] = ['h-POL-1-0', 'h-POL-1-1'] as const;

/** Upstream has two people under POL-1. */
function setup() {
  const humanApi = new FakeUpstream();
  humanApi.enrol('POL-1', 'pol-1@example.org', 0);
  humanApi.enrol('POL-1', 'stranger@example.org', 0);
  const { findKnownPeople } = createWithdrawalActivities({ upstream: humanApi });
  const find = (known: { humanIds?: readonly string[]; emails?: readonly string[] }) =>
    new MockActivityEnvironment().run(findKnownPeople, { clientUserId: 'POL-1', humanIds: [], emails: [], ...known });
  return { humanApi, find };
}

test.each([
  ['nothing is known', {}, [], [OURS, STRANGER]],
  ['a humanId is known', { humanIds: [OURS, 'h-other'] }, [OURS], [STRANGER]],
  ['an e-mail is known, in whatever case', { emails: [' Pol-1@Example.org'] }, [OURS], [STRANGER]],
  [
    'both are known, of different people',
    { humanIds: [STRANGER], emails: ['pol-1@example.org'] },
    [OURS, STRANGER],
    [],
  ],
])('where %s, only they are ours', async (_, known, ours, others) => {
  expect(await setup().find(known)).toEqual({ ours, others });
});

test('a person without an e-mail is ours where an invitation has no answer, but not if it may be another of them', async () => {
  const { humanApi, find } = setup();
  humanApi.editPerson = (user) => ({ ...user, email: null });
  const emails = ['pol-1@example.org'];
  expect(await find({ emails })).toEqual({ ours: [], others: [OURS, STRANGER] });
  humanApi.people.pop();
  expect(await find({ emails })).toEqual({ ours: [OURS], others: [] });
  expect(await find({ emails, humanIds: [STRANGER] })).toEqual({ ours: [], others: [OURS] });
  expect(await find({})).toEqual({ ours: [], others: [OURS] });
});

test('a person with another clientUserId is neither ours nor reported', async () => {
  const { humanApi, find } = setup();
  humanApi.editPerson = (user) => ({ ...user, clientUserId: 'POL-2' });
  expect(await find({ humanIds: [OURS], emails: ['pol-1@example.org'] })).toEqual({ ours: [], others: [] });
});
