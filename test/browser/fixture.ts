import { readFileSync } from 'node:fs';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { field, startSandbox } from '../sandbox/fixture';

const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

/** How long anything on a page may take, with two busy cores: the page itself looks once a second. */
export const PATIENCE_MS = 15_000;

/** Longer than any provider takes, in story time. */
export const ALL_DELIVERED_MS = 3_600_000;

let browser: Browser;
const opened: Page[] = [];

beforeAll(async () => {
  // Chromium's own sandbox is not to be had as root or in a container, and the only page it sees is ours.
  const executablePath = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium';
  browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
}, 60_000);

afterEach(async () => {
  for (const page of opened.splice(0)) await page.context().close();
});

afterAll(() => browser?.close());

/** A page of a fresh browser, with what went wrong in it (`faults`) and everything it asked for elsewhere (`strayed`). */
export async function openPage(url: string, options: BrowserContextOptions = {}) {
  const page = await (await browser.newContext(options)).newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  opened.push(page);
  const faults: string[] = [];
  const strayed: string[] = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => {
    // That an answer was no is the page's to tell; Chromium writes it down as well.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      faults.push(message.text());
  });
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== new URL(url).origin) strayed.push(request.url());
  });
  await page.goto(url);
  return { page, faults, strayed };
}

/** Somebody invited by the sandbox, whose invitation is open in a browser. */
export async function openInvitation(options: BrowserContextOptions = {}, email = 'silent@example.org') {
  const sandbox = await startSandbox();
  const token = await sandbox.clientToken();
  const json = {
    clientUserId: 'POL-1',
    clientUserEmail: email,
    autoInvite: true,
    firstName: 'Maxwell',
    suggestedSources: ['Nebula Laboratories'],
  };
  const { body } = await sandbox.call('POST', '/admin/api/v1/users', { token, json });
  const person = { body: Array.isArray(body) ? body[0] : body };
  const inviteLink = field(person, 'inviteLink');
  const opened = await openPage(inviteLink, options);
  return { ...sandbox, ...opened, humanId: field(person, 'humanId'), inviteLink, token };
}

/** What axe finds on the page as it is now, serious and critical, as `rule: element`. */
export async function barriers(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  const { violations } = (await page.evaluate('axe.run()')) as {
    violations: { id: string; impact: string; nodes: { html: string }[] }[];
  };
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
}

/** Connects a provider with the login of the demo. */
export async function connect(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: `Connect ${name}`, exact: true }).click();
  await page.getByLabel('User name').fill('demouser');
  await page.getByLabel('Password').fill('password');
  await page.getByRole('button', { name: 'Sign in and share' }).click();
  await page.getByRole('button', { name: `Disconnect ${name}` }).waitFor();
}
