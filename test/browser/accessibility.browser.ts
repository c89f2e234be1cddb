import type { Page } from 'playwright-core';
import { ALL_DELIVERED_MS, barriers, connect, openInvitation, openPage, PATIENCE_MS } from './fixture';

/** The accessible name of what has the focus. */
const focused = (page: Page) =>
  page.evaluate(
    "(document.activeElement.getAttribute('aria-label') ?? document.activeElement.labels?.[0]?.textContent ?? document.activeElement.textContent).trim()",
  ) as Promise<string>;

/** Goes on with Tab until that has the focus, as somebody without a mouse would. */
async function tabTo(page: Page, name: string): Promise<void> {
  const passed: string[] = [];
  while (!(await focused(page)).startsWith(name)) {
    if (passed.length > 60) throw new Error(`expected Tab to reach ${name}; it passed ${passed.join(', ')}`);
    await page.keyboard.press('Tab');
    passed.push(await focused(page));
  }
}

describe.each([
  { colorScheme: 'light', viewport: { width: 1_200, height: 850 } },
  { colorScheme: 'dark', viewport: { width: 390, height: 844 } },
] as const)('for everybody, on a $colorScheme page $viewport.width pixels wide', (look) => {
  it('puts no barrier up in any state of an invitation', async () => {
    const { page, clock } = await openInvitation({ ...look, reducedMotion: 'reduce' });
    const found: Record<string, string[]> = {};
    const examine = async (state: string) => {
      found[state] = await barriers(page);
      const width = (await page.evaluate('document.documentElement.scrollWidth')) as number;
      if (width > look.viewport.width) found[state].push(`${width} pixels wide`);
    };
    await page.getByText('Your invitation is open.').waitFor();
    await examine('open');
    await page.getByRole('button', { name: 'Connect Starfleet Medical' }).click();
    await page.getByRole('button', { name: 'Sign in and share' }).click();
    await examine('sign-in refused');
    await page.keyboard.press('Escape');
    await connect(page, 'Starfleet Medical');
    await connect(page, 'Meadowlark Medical Group');
    await connect(page, 'St. Alder Hospital');
    clock.advance(ALL_DELIVERED_MS);
    await page.getByText('Connected, 2 reports delivered', { exact: true }).waitFor();
    await examine('attention');
    for (const name of ['St. Alder Hospital', 'Meadowlark Medical Group']) {
      await page.getByRole('button', { name: `Resolve: ${name}` }).click();
      await page.getByRole('button', { name: 'Done' }).click();
      await examine(`demand of ${name}`);
      await page.keyboard.press('Escape');
    }
    for (const name of ['St. Alder Hospital', 'Meadowlark Medical Group', 'Starfleet Medical']) {
      await page.getByRole('button', { name: `Disconnect ${name}` }).click();
      if (name === 'Starfleet Medical') await examine('asked whether');
      await page.getByRole('button', { name: 'Disconnect', exact: true }).click();
      await page.locator('dialog[open]').waitFor({ state: 'detached' });
    }
    await page.getByText('Disconnected, 2 reports delivered before', { exact: true }).waitFor();
    await examine('disconnected');
    await page.getByRole('button', { name: 'Decline the request' }).click();
    await page.getByRole('button', { name: 'Decline', exact: true }).click();
    await page.getByRole('heading', { name: 'You have declined' }).waitFor();
    // Honest with somebody who had shared before: that is not taken back.
    await page.getByText('it keeps what it had received before').waitFor();
    await examine('declined');
    expect(found).toEqual(Object.fromEntries(Object.keys(found).map((state) => [state, []])));
    expect(Object.keys(found)).toHaveLength(8);
  });

  it('puts none up where there is no invitation, nor in the list of all', async () => {
    const { page, inviteLink } = await openInvitation(look);
    await page.goto(new URL('/invitation', inviteLink).href);
    await page.getByRole('link', { name: 'POL-1' }).waitFor();
    expect(await barriers(page)).toEqual([]);
    const lost = await openPage(new URL('/invitation/nobody', inviteLink).href, look);
    await lost.page.getByRole('heading', { name: 'This invitation cannot be found' }).waitFor();
    expect(await barriers(lost.page)).toEqual([]);
  });
});

describe('with the keyboard alone', () => {
  it('connects, meets a demand and disconnects, and always knows where the focus is', async () => {
    const { page, clock } = await openInvitation();
    await page.getByText('Your invitation is open.').waitFor();
    await page.keyboard.press('Tab');
    expect(await focused(page)).toBe('Skip to the content');
    await page.keyboard.press('Enter');
    await tabTo(page, 'Find a hospital');
    await page.keyboard.type('alder');
    await tabTo(page, 'Connect St. Alder Hospital');
    await page.keyboard.press('Enter');
    expect(await focused(page)).toBe('User name');
    await page.keyboard.press('Escape');
    expect(await focused(page)).toBe('Connect St. Alder Hospital');
    await page.keyboard.press('Enter');
    await page.keyboard.type('demouser');
    await page.keyboard.press('Tab');
    await page.keyboard.type('password');
    await page.keyboard.press('Enter');
    await page.locator('dialog[open]').waitFor({ state: 'detached' });
    expect(await focused(page)).toMatch(/^St\. Alder Hospital/);
    await tabTo(page, 'Resolve: St. Alder Hospital');
    await page.keyboard.press('Enter');
    await tabTo(page, 'I have read and accept');
    await page.keyboard.press('Space');
    await tabTo(page, 'Done');
    await page.keyboard.press('Enter');
    await page.locator('dialog[open]').waitFor({ state: 'detached' });
    clock.advance(ALL_DELIVERED_MS);
    await page.getByText('Connected, 2 reports delivered', { exact: true }).waitFor();
    // What came by itself has taken the focus from nobody.
    expect(await focused(page)).toMatch(/^St\. Alder Hospital/);
    await tabTo(page, 'Disconnect St. Alder Hospital');
    await page.keyboard.press('Enter');
    expect(await focused(page)).toBe('Cancel');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByText('Disconnected, 2 reports delivered before', { exact: true }).waitFor();
    // The page's own poll may show the change before the answer that closes the dialog.
    await page.locator('dialog[open]').waitFor({ state: 'detached' });
    expect(await focused(page)).toBe('Your providers');
  });

  it('reads out what happens by itself', async () => {
    const { page, clock } = await openInvitation();
    await connect(page, 'Starfleet Pharma');
    clock.advance(ALL_DELIVERED_MS);
    await page
      .locator('[role=status]#announcer', { hasText: 'Starfleet Pharma: Connected, 1 report delivered.' })
      .waitFor({ state: 'attached', timeout: PATIENCE_MS });
  });
});
