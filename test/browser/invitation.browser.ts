import { noticesOf } from '../sandbox/receiver';
import { until } from '../support/condition';
import { ALL_DELIVERED_MS, connect, openInvitation, openPage, PATIENCE_MS } from './fixture';

type Invitation = Awaited<ReturnType<typeof openInvitation>>;

/** Every status that the receiver was told, in order. */
const told = ({ receiver }: Invitation) =>
  noticesOf(receiver.received).flatMap(({ property, value }) => (property === 'status' ? [value] : []));

const hears = (invitation: Invitation, ...statuses: string[]) =>
  until(`notices of ${statuses.join(', ')}`, PATIENCE_MS, () => told(invitation).join() === statuses.join());

describe('the invitation page', () => {
  it('leads from the link to reports in the hands of the carrier, live on the page and as notices', async () => {
    const invitation = await openInvitation();
    const { page, clock, receiver, faults, strayed } = invitation;
    await page.getByText('Your invitation is open.').waitFor();
    await page.getByText('Hello Maxwell').waitFor();
    await hears(invitation, 'Engaged');
    await connect(page, 'Starfleet Medical');
    await connect(page, 'Starfleet Pharma');
    await page.getByText('Your records are on their way.').waitFor();
    clock.advance(ALL_DELIVERED_MS);
    await page.getByText('Connected, 2 reports delivered', { exact: true }).waitFor();
    await page.getByText('Connected, 1 report delivered', { exact: true }).waitFor();
    await page.locator('#status-headline', { hasText: 'All of your records have arrived.' }).waitFor();
    await hears(invitation, 'Engaged', 'Syncing', 'Syncing', 'All Synced');
    expect(noticesOf(receiver.received).flatMap(({ type }) => type ?? [])).toEqual(['unity', 'ccdraw', 'unity']);
    expect({ faults, strayed }).toEqual({ faults: [], strayed: [] });
  });

  it('finds providers by name, place, kind and other words, the suggested ones first', async () => {
    const { page } = await openInvitation();
    const found = () => page.locator('#results h3').allTextContents();
    await page.getByText('11 providers').waitFor();
    expect((await found())[0]).toBe('Nebula Laboratories');
    await page.getByRole('searchbox').fill('starfleet ph');
    expect(await found()).toEqual(['Starfleet Pharma']);
    await page.getByRole('searchbox').fill('drugstore maine');
    expect(await found()).toEqual(['Harbor Street Pharmacy']);
    await page.getByRole('searchbox').fill('zzz');
    await page.getByText('No provider fits.').waitFor();
    await page.getByRole('searchbox').fill('');
    await page.getByRole('radio', { name: 'Laboratories' }).check();
    expect(await found()).toEqual(['Nebula Laboratories', 'Quarry Hill Diagnostics']);
  });

  it('says what was wrong with a sign-in, in the dialog, and connects nobody', async () => {
    const invitation = await openInvitation();
    const { page } = invitation;
    await page.getByRole('button', { name: 'Connect Starfleet Medical' }).click();
    await page.getByRole('button', { name: 'Sign in and share' }).click();
    await page.getByText('Enter the user name.').waitFor();
    await page.getByLabel('User name').fill('somebody');
    await page.getByLabel('Password').fill('wrong');
    await page.getByRole('button', { name: 'Sign in and share' }).click();
    await page.getByText('User name and password do not fit.').waitFor();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByText('Nobody is connected yet.').waitFor();
    await hears(invitation, 'Engaged');
  });

  it.each([
    ['St. Alder Hospital', 'Tick the box to go on.', 'consent'],
    ['Meadowlark Medical Group', 'That is not the code that was sent.', 'code'],
  ])('lets %s hold its records back until its demand is met', async (name, refusal, kind) => {
    const invitation = await openInvitation();
    const { page, clock } = invitation;
    await connect(page, name);
    await page.getByText('A provider needs something from you.').first().waitFor();
    clock.advance(ALL_DELIVERED_MS);
    await hears(invitation, 'Engaged', 'Attn Required');
    expect(invitation.receiver.received).toHaveLength(2);
    await page.getByRole('button', { name: `Resolve: ${name}` }).click();
    if (kind === 'code') await page.getByRole('textbox', { name: 'Security code' }).fill('111111');
    await page.getByRole('button', { name: 'Done' }).click();
    await page.getByText(refusal).waitFor();
    if (kind === 'code') await page.getByRole('textbox', { name: 'Security code' }).fill('246810');
    else await page.getByRole('checkbox').check();
    await page.getByRole('button', { name: 'Done' }).click();
    await page.getByText('Connected, retrieving your records').first().waitFor();
    clock.advance(ALL_DELIVERED_MS);
    await hears(invitation, 'Engaged', 'Attn Required', 'Syncing', 'All Synced');
  });

  it('disconnects one provider and goes on with the other; the last one cut is Disconnected', async () => {
    const invitation = await openInvitation();
    const { page, clock } = invitation;
    await connect(page, 'Starfleet Medical');
    await connect(page, 'Nebula Laboratories');
    clock.advance(ALL_DELIVERED_MS);
    const cut = async (name: string) => {
      await page.getByRole('button', { name: `Disconnect ${name}` }).click();
      await page.getByRole('button', { name: 'Disconnect', exact: true }).click();
    };
    await cut('Starfleet Medical');
    await page.getByText('Disconnected, 2 reports delivered before', { exact: true }).waitFor();
    expect(told(invitation)).not.toContain('Disconnected');
    await cut('Nebula Laboratories');
    await page.getByText('No provider is connected any more.').first().waitFor();
    await until('the notice', PATIENCE_MS, () => told(invitation).at(-1) === 'Disconnected');
  });

  it('takes a no kindly, also after the carrier has deleted the person', async () => {
    const invitation = await openInvitation();
    const { page, call, humanId, token, inviteLink } = invitation;
    await page.getByRole('button', { name: 'Decline the request' }).click();
    await page.getByRole('button', { name: 'Decline', exact: true }).click();
    await page.getByRole('heading', { name: 'You have declined' }).waitFor();
    await hears(invitation, 'Engaged', 'Declined');
    await call('DELETE', `/admin/api/v1/users/${humanId}`, { token });
    const later = await openPage(inviteLink);
    await later.page.getByRole('heading', { name: 'You have declined' }).waitFor();
  });

  it('says that it is over when the carrier withdraws the invitation, whatever dialog is open', async () => {
    const { page, call, humanId, token, faults } = await openInvitation();
    await page.getByRole('button', { name: 'Connect Starfleet Medical' }).click();
    await call('DELETE', `/admin/api/v1/users/${humanId}`, { token });
    await page.getByRole('heading', { name: 'This invitation is closed' }).waitFor();
    expect(await page.locator('dialog[open]').count()).toBe(0);
    expect(faults).toEqual([]);
  });

  it('tells that the sandbox is away', async () => {
    const { page } = await openInvitation();
    await page.getByText('Your invitation is open.').waitFor();
    await page.context().setOffline(true);
    await page.getByText('The sandbox does not answer.').waitFor();
    await page.context().setOffline(false);
    await page.getByText('The sandbox does not answer.').waitFor({ state: 'hidden' });
  });

  it('leads from the list of invitations to each', async () => {
    const { page, inviteLink } = await openInvitation();
    await page.goto(new URL('/invitation', inviteLink).href);
    await page.getByRole('link', { name: 'POL-1' }).click();
    await page.getByText('Your invitation is open.').waitFor();
    expect(page.url()).toBe(inviteLink);
  });
});
