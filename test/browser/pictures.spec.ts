import { mkdirSync, readdirSync, statSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { idOf, year } from './fake-answers.ts';
import { expect, test } from './fixtures.ts';

/** `UPDATE_PICTURES=1` writes what docs/console.md shows; else the same pages are drawn and looked at, and nothing is written. */
const FOLDER = 'docs/pictures';
const MAX_BYTES = 400_000;
const writes = process.env['UPDATE_PICTURES'] === '1';

async function picture(page: Page, name: string): Promise<void> {
  const file = `${FOLDER}/${name}.png`;
  mkdirSync(FOLDER, { recursive: true });
  const taken = await page.screenshot(writes ? { path: file } : {});
  // a page of one colour packs to a few hundred bytes
  expect(taken.length).toBeGreaterThan(10_000);
  expect(statSync(file).size).toBeGreaterThan(10_000);
}

test.use({ viewport: { width: 900, height: 620 } });

test.beforeEach(async ({ page }) => {
  await page.clock.setFixedTime('2026-11-28T09:00:00Z');
});

test('the search, as docs/console.md shows it', async ({ fake, page }) => {
  await fake('#/?from=2026-11-27&queue=Claims');
  await expect(page.getByRole('table')).toBeVisible();
  await page.getByRole('checkbox', { name: `Choose ${idOf(0)}` }).check();
  await picture(page, 'console-search');
});

for (const scheme of ['light', 'dark'] as const) {
  test(`a recording that plays, as docs/console.md shows it in ${scheme}`, async ({ fake, page }) => {
    await page.emulateMedia({ colorScheme: scheme });
    await fake(`#/r/${idOf(0)}`);
    await page.getByRole('button', { name: 'Listen' }).click();
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByLabel('Position').fill('14');
    await expect(page.getByText('0:14 of 1:00')).toBeVisible();
    await page.getByText('Marked: 2').click();
    await page.evaluate(() => scrollTo(0, 235));
    await picture(page, `console-recording-${scheme}`);
  });
}

test('completeness, as docs/console.md shows it', async ({ fake, page }) => {
  await page.setViewportSize({ width: 900, height: 700 });
  await fake('#/completeness?year=2026', { '/api/completeness': { json: year(2026, 0) } });
  await expect(page.getByRole('table', { name: 'December 2026' })).toBeVisible();
  await picture(page, 'console-completeness');
});

test('the access log, as docs/console.md shows it in dark', async ({ fake, page }) => {
  await page.setViewportSize({ width: 900, height: 520 });
  await page.emulateMedia({ colorScheme: 'dark' });
  await fake('#/access');
  await expect(page.getByText('reason: complaint 12')).toBeVisible();
  await picture(page, 'console-access');
});

test('the pictures weigh less than 400 kB together', () => {
  const sizes = readdirSync(FOLDER).map((name) => statSync(`${FOLDER}/${name}`).size);
  expect(sizes.length).toBe(5);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(MAX_BYTES);
});
