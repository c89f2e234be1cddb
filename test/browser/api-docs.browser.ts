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
    expect({ faults, externalUrls }).toEqual({ faults: [], externalUrls: [] });
  } finally {
    await api.close();
  }
});
