import { expect, test } from './fixtures.ts';

test('shows the first hundred recordings, and how many there are', async ({ fake, page }) => {
  await fake();
  await expect(page.getByRole('heading', { level: 1, name: 'Recordings' })).toBeVisible();
  await expect(page.getByRole('row')).toHaveCount(101);
  await expect(page.getByText('more than 10,000 found; 100 on this page.')).toBeVisible();
});
