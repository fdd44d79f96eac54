import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { idOf, refusal } from './fake-answers.ts';
import { expect, test } from './fixtures.ts';
import { PLACES } from './places.ts';

/** WCAG 2.2 AA as far as a machine sees it, and what axe calls best practice. */
async function expectAccessible(page: Page): Promise<void> {
  const { violations, passes } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)).toEqual([]);
  expect(passes.length).toBeGreaterThan(20);
}

const LOOKS = {
  light: { colorScheme: 'light' },
  dark: { colorScheme: 'dark' },
  'forced colours': { colorScheme: 'light', forcedColors: 'active' },
} as const;

for (const { name, hash, shows } of PLACES) {
  test(`${name} has no fault that axe finds, in light, dark, forced colours and at 320 pixels without sideways scrolling`, async ({
    fake,
    page,
  }) => {
    await fake(hash);
    await expect(page.getByText(shows).first()).toBeVisible();
    for (const [look, media] of Object.entries(LOOKS)) {
      await test.step(look, async () => {
        await page.emulateMedia(media);
        await expectAccessible(page);
      });
    }
    await page.emulateMedia({ forcedColors: 'none' });
    await page.setViewportSize({ width: 320, height: 640 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(
      0,
    );
    const wide = await page.evaluate(() =>
      [...document.querySelectorAll('main *')]
        .filter((element) => element.closest('.scroll, .hidden, .turns') === null)
        .filter((element) => element.getBoundingClientRect().right > innerWidth + 1)
        .map((element) => element.outerHTML.slice(0, 100)),
    );
    expect(wide).toEqual([]);
    await expectAccessible(page);
  });

  test(`${name} has targets of 24 pixels and more`, async ({ fake, page }) => {
    await fake(hash);
    await expect(page.getByText(shows).first()).toBeVisible();
    // links within a sentence are excepted by 2.5.8
    const small = await page.evaluate(() =>
      [...document.querySelectorAll('button, select, input, summary, nav a, td a, th a')]
        .filter((element) => element.checkVisibility() && element.closest('.skip') === null)
        .filter((element) => {
          const { width, height } = element.getBoundingClientRect();
          return width < 23.9 || height < 23.9;
        })
        .map((element) => element.outerHTML.slice(0, 120)),
    );
    expect(small).toEqual([]);
  });
}

test('dialogs, alerts and refusals have no fault that axe finds', async ({ fake, page }) => {
  await fake(`#/r/${idOf(0)}`, {
    [`/api/recordings/${idOf(0)}/verification`]: {
      json: {
        verdict: 'findings',
        findings: [{ kind: 'leaf', detail: 'checksum of leaf 8' }],
        depth: 'ciphertext',
        checkedAt: '2026-11-28T09:00:00.000Z',
        ms: 100,
      },
    },
    [`/api/recordings/${idOf(0)}/transcript`]: refusal(503, 'STORE_UNAVAILABLE', 'the store does not answer'),
  });
  await expect(page.getByText('does not match its receipt')).toBeVisible();
  await page.getByRole('button', { name: 'Export evidence' }).click();
  await expect(page.getByRole('dialog')).toBeVisible();
  await expectAccessible(page);
});

test('who is not signed in reads how to sign in, without a fault that axe finds', async ({ fake, page }) => {
  await fake('#/', {
    '/api/me': refusal(
      401,
      'SIGN_IN_REQUIRED',
      'no session',
      'open the address that genesys-archive console prints',
    ),
  });
  await expect(page.getByText('open the address that genesys-archive console prints')).toBeVisible();
  await expectAccessible(page);
});
