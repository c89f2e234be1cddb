import type { Page } from 'playwright-core';
import { HOUR_MS } from '../sandbox/fixture';
import { until } from '../support/condition';
import { findViolations, openInvitation, openPage } from './fixture';

type Invitation = Awaited<ReturnType<typeof openInvitation>>;

const waitForNotifications = ({ notified }: Invitation, ...expected: string[]) =>
  until(`notifications ${expected.join(', ')}`, () => notified().join() === expected.join());

async function connect(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: `Connect ${name}`, exact: true }).click();
  await page.getByLabel('User name').fill('demouser');
  await page.getByLabel('Password').fill('password');
  await page.getByRole('button', { name: 'Sign in and share' }).click();
  await page.getByRole('button', { name: `Disconnect ${name}` }).waitFor();
}

async function disconnect(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: `Disconnect ${name}` }).click();
  await page.getByRole('button', { name: 'Disconnect', exact: true }).click();
  await page.locator('dialog[open]').waitFor({ state: 'detached' });
}

async function decline(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Decline the request' }).click();
  await page.getByRole('button', { name: 'Decline', exact: true }).click();
  await page.getByRole('heading', { name: 'You have declined' }).waitFor();
}

describe('the invitation page', () => {
  it('finds a provider, reports a wrong sign-in, and shows the delivery live', async () => {
    const invitation = await openInvitation();
    const { page, clock, faults, externalUrls } = invitation;
    await page.getByText('Hello Maxwell').waitFor();
    const results = () => page.locator('#results h3').allTextContents();
    await page.getByText('11 providers').waitFor();
    expect((await results())[0]).toBe('Nebula Laboratories');
    await page.getByRole('radio', { name: 'Laboratories' }).check();
    expect(await results()).toEqual(['Nebula Laboratories', 'Quarry Hill Diagnostics']);
    await page.getByRole('radio', { name: 'All' }).check();
    for (const [query, expected] of [
      ['drugstore maine', ['Harbor Street Pharmacy']],
      ['zzz', []],
      ['starfleet ph', ['Starfleet Pharma']],
    ] as const) {
      await page.getByRole('searchbox').fill(query);
      expect(await results()).toEqual(expected);
    }
    await page.getByRole('button', { name: 'Connect Starfleet Pharma' }).click();
    await page.getByRole('button', { name: 'Sign in and share' }).click();
    await page.getByText('Enter the user name.').waitFor();
    await page.getByLabel('User name').fill('demouser');
    await page.getByLabel('Password').fill('wrong');
    await page.getByRole('button', { name: 'Sign in and share' }).click();
    await page.getByText('Wrong user name or password.').waitFor();
    await waitForNotifications(invitation, 'Engaged');
    await page.getByRole('button', { name: 'Cancel' }).click();
    await connect(page, 'Starfleet Pharma');
    clock.advance(HOUR_MS);
    await page.getByText('Connected, 1 report delivered', { exact: true }).waitFor();
    await page.locator('#status-headline', { hasText: 'All of your records have arrived.' }).waitFor();
    // The text for screen readers.
    const announced = { hasText: 'Starfleet Pharma: Connected, 1 report delivered.' };
    await page.locator('[role=status]#announcer', announced).waitFor({ state: 'attached' });
    await waitForNotifications(invitation, 'Engaged', 'Syncing', 'unity', 'All Synced');
    expect({ faults, externalUrls }).toEqual({ faults: [], externalUrls: [] });
  });

  it('holds the records of a provider back until its demand is met', async () => {
    const invitation = await openInvitation();
    const { page, clock } = invitation;
    await connect(page, 'Meadowlark Medical Group');
    await page.getByText('A provider needs something from you.').first().waitFor();
    clock.advance(HOUR_MS);
    await waitForNotifications(invitation, 'Engaged', 'Attn Required');
    await page.getByRole('button', { name: 'Resolve: Meadowlark Medical Group' }).click();
    const code = page.getByRole('textbox', { name: 'Security code' });
    await code.fill('111111');
    await page.getByRole('button', { name: 'Done' }).click();
    await page.getByText('Wrong code.').waitFor();
    await code.fill('246810');
    await page.getByRole('button', { name: 'Done' }).click();
    await page.getByText('Connected, retrieving your records').first().waitFor();
    clock.advance(HOUR_MS);
    await waitForNotifications(invitation, 'Engaged', 'Attn Required', 'Syncing', 'unity', 'ccdraw', 'All Synced');
  });

  it('disconnects providers one by one and declines, which stays visible after the deletion', async () => {
    const { page, clock, notified, remove, inviteLink } = await openInvitation();
    await connect(page, 'Starfleet Medical');
    await connect(page, 'Nebula Laboratories');
    clock.advance(HOUR_MS);
    await disconnect(page, 'Starfleet Medical');
    await page.getByText('Disconnected, 2 reports delivered before', { exact: true }).waitFor();
    expect(notified()).not.toContain('Disconnected');
    await disconnect(page, 'Nebula Laboratories');
    await page.getByText('No provider is connected.').first().waitFor();
    await decline(page);
    await page.getByText('It keeps the records that it received before.').waitFor();
    await until('the notifications', () => notified().slice(-2).join() === 'Disconnected,Declined');
    await remove();
    const second = await openPage(inviteLink);
    await second.page.getByRole('heading', { name: 'You have declined' }).waitFor();
  });

  it('shows that the sandbox does not answer, and closes its dialogs when the carrier deletes the person', async () => {
    const { page, remove, faults } = await openInvitation();
    await page.getByText('Your invitation is open.').waitFor();
    await page.context().setOffline(true);
    await page.getByText('The sandbox does not answer.').waitFor();
    await page.context().setOffline(false);
    await page.getByText('The sandbox does not answer.').waitFor({ state: 'hidden' });
    await page.getByRole('button', { name: 'Connect Starfleet Medical' }).click();
    await remove();
    await page.getByRole('heading', { name: 'This invitation is closed' }).waitFor();
    expect(await page.locator('dialog[open]').count()).toBe(0);
    expect(faults).toEqual([]);
  });

  it('works with the keyboard alone', async () => {
    const { page, clock } = await openInvitation();
    /** The accessible name of the focused element. */
    const focused = () =>
      page.evaluate(
        "(document.activeElement.getAttribute('aria-label') ?? document.activeElement.labels?.[0]?.textContent ?? document.activeElement.textContent).trim()",
      ) as Promise<string>;
    const tabTo = async (name: string) => {
      for (let count = 0; !(await focused()).startsWith(name); count += 1) {
        if (count > 60) throw new Error(`expected Tab to reach ${name}`);
        await page.keyboard.press('Tab');
      }
    };
    const press = async (...keys: string[]) => {
      for (const key of keys) await page.keyboard.press(key);
    };
    const dialogClosed = () => page.locator('dialog[open]').waitFor({ state: 'detached' });
    await page.getByText('Your invitation is open.').waitFor();
    await press('Tab');
    expect(await focused()).toBe('Skip to the content');
    await press('Enter');
    await tabTo('Find a hospital');
    await page.keyboard.type('alder');
    await tabTo('Connect St. Alder Hospital');
    await press('Enter');
    expect(await focused()).toBe('User name');
    await press('Escape');
    expect(await focused()).toBe('Connect St. Alder Hospital');
    await press('Enter');
    await page.keyboard.type('demouser');
    await press('Tab');
    await page.keyboard.type('password');
    await press('Enter');
    await dialogClosed();
    expect(await focused()).toMatch(/^St\. Alder Hospital/);
    await tabTo('Resolve: St. Alder Hospital');
    await press('Enter');
    await tabTo('I have read and accept');
    await press('Space');
    await tabTo('Done');
    await press('Enter');
    await dialogClosed();
    clock.advance(HOUR_MS);
    await page.getByText('Connected, 2 reports delivered', { exact: true }).waitFor();
    // A change by the poll does not move the focus.
    expect(await focused()).toMatch(/^St\. Alder Hospital/);
    await tabTo('Disconnect St. Alder Hospital');
    await press('Enter');
    expect(await focused()).toBe('Cancel');
    await press('Tab', 'Enter');
    await dialogClosed();
    expect(await focused()).toBe('Your providers');
  });
});

describe('accessibility', () => {
  const LOOKS = [
    { colorScheme: 'light', viewport: { width: 1_200, height: 850 } },
    { colorScheme: 'dark', viewport: { width: 390, height: 844 } },
  ] as const;

  /** The violations in a light wide and a dark narrow window, with too wide content as one of them. */
  async function examine(page: Page): Promise<string[]> {
    const violations: string[] = [];
    for (const { colorScheme, viewport } of LOOKS) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await page.setViewportSize(viewport);
      violations.push(...(await findViolations(page)));
      const width = (await page.evaluate('document.documentElement.scrollWidth')) as number;
      if (width > viewport.width) violations.push(`${width} pixels wide`);
    }
    return violations;
  }

  it('of the invitation page has no violation in any state', async () => {
    const { page, clock } = await openInvitation();
    const byState: Record<string, string[]> = {};
    await page.getByText('Your invitation is open.').waitFor();
    byState['open'] = await examine(page);
    await page.getByRole('button', { name: 'Connect Starfleet Medical' }).click();
    await page.getByRole('button', { name: 'Sign in and share' }).click();
    byState['rejected sign-in'] = await examine(page);
    await page.keyboard.press('Escape');
    for (const name of ['Starfleet Medical', 'Meadowlark Medical Group', 'St. Alder Hospital'])
      await connect(page, name);
    clock.advance(HOUR_MS);
    await page.getByText('Connected, 2 reports delivered', { exact: true }).waitFor();
    byState['attention'] = await examine(page);
    for (const name of ['St. Alder Hospital', 'Meadowlark Medical Group']) {
      await page.getByRole('button', { name: `Resolve: ${name}` }).click();
      await page.getByRole('button', { name: 'Done' }).click();
      byState[`demand of ${name}`] = await examine(page);
      await page.keyboard.press('Escape');
      await disconnect(page, name);
    }
    await page.getByRole('button', { name: 'Disconnect Starfleet Medical' }).click();
    byState['confirmation'] = await examine(page);
    await page.getByRole('button', { name: 'Disconnect', exact: true }).click();
    await page.getByText('Disconnected, 2 reports delivered before', { exact: true }).waitFor();
    byState['disconnected'] = await examine(page);
    await decline(page);
    byState['declined'] = await examine(page);
    expect(byState).toEqual(Object.fromEntries(Object.keys(byState).map((state) => [state, []])));
  });

  it('of the list of invitations, which links to each, and of the page of an unknown one has no violation', async () => {
    const { page, inviteLink } = await openInvitation();
    await page.goto(new URL('/invitation/unknown', inviteLink).href);
    await page.getByRole('heading', { name: 'This invitation cannot be found' }).waitFor();
    expect(await examine(page)).toEqual([]);
    await page.goto(new URL('/invitation', inviteLink).href);
    await page.getByRole('link', { name: 'POL-1' }).waitFor();
    expect(await examine(page)).toEqual([]);
    await page.getByRole('link', { name: 'POL-1' }).click();
    await page.getByText('Your invitation is open.').waitFor();
    expect(page.url()).toBe(inviteLink);
  });
});
