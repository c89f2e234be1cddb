import { readFileSync } from 'node:fs';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { startSandbox } from '../sandbox/fixture';

const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

/** Time limit of a change on a page on a busy machine. The page polls once a second. */
const PAGE_TIMEOUT_MS = 15_000;

let browser: Browser;
const pages: Page[] = [];

beforeAll(async () => {
  // Chromium's own sandbox does not work as root or in a container; the tests open local pages only.
  const executablePath = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium';
  browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
});

afterEach(async () => {
  for (const page of pages.splice(0)) await page.context().close();
});

afterAll(() => browser?.close());

/** Opens a page in a new browser context. `faults`: script errors; `externalUrls`: requests to other origins. */
export async function openPage(url: string, options: BrowserContextOptions = {}) {
  const page = await (await browser.newContext(options)).newPage();
  page.setDefaultTimeout(PAGE_TIMEOUT_MS);
  pages.push(page);
  const faults: string[] = [];
  const externalUrls: string[] = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => {
    // Chromium also logs error responses, which the page handles.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      faults.push(message.text());
  });
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== new URL(url).origin) externalUrls.push(request.url());
  });
  await page.goto(url);
  return { page, faults, externalUrls };
}

/** Invites a person and opens the invitation. */
export async function openInvitation(options: BrowserContextOptions = {}) {
  const sandbox = await startSandbox();
  const details = { firstName: 'Maxwell', suggestedSources: ['Nebula Laboratories'] };
  const { humanId, inviteLink } = await sandbox.create('POL-1', 'silent@example.org', details);
  const remove = () => sandbox.users('DELETE', `/${humanId}`);
  return { ...sandbox, ...(await openPage(inviteLink, options)), inviteLink, remove };
}

/** The serious and critical violations that axe finds, as `rule: element`. */
export async function findViolations(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  const { violations } = (await page.evaluate('axe.run()')) as {
    violations: { id: string; impact: string; nodes: { html: string }[] }[];
  };
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
}
