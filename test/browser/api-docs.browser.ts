import { startApi } from '../api/api-fixture';
import { openPage } from './fixture';

test('the interactive page of the API shows every operation without a fault and requests no external URL', async () => {
  const api = await startApi();
  try {
    const { page, faults, externalUrls } = await openPage(`${api.url}/docs/ui/`);
    const { paths = {} } = api.app.swagger();
    const count = Object.values(paths).flatMap((operations) => Object.keys(operations ?? {})).length;
    await page.waitForFunction(`document.querySelectorAll('.opblock').length === ${count}`);
    await page.getByText('Start an applicant').first().click();
    await page.getByText('Try it out').first().waitFor();
    // The bar has the logo of another product and a field for other files.
    expect(await page.locator('.topbar').count()).toBe(0);
    expect({ faults, externalUrls }).toEqual({ faults: [], externalUrls: [] });
  } finally {
    await api.close();
  }
});

test.each(['/docs', '/problems/details-conflict'])('%s fits a phone, with its stylesheet', async (path) => {
  const api = await startApi();
  try {
    const { page, faults, externalUrls } = await openPage(`${api.url}${path}`, {
      viewport: { width: 360, height: 640 },
    });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
    expect(await page.evaluate('getComputedStyle(document.body).maxWidth')).toBe('1120px');
    expect({ faults, externalUrls }).toEqual({ faults: [], externalUrls: [] });
  } finally {
    await api.close();
  }
});
