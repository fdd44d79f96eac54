import type { Page } from '@playwright/test';
import { expect, test } from './fixtures.ts';

const position = async (page: Page): Promise<number> =>
  page.locator('audio').evaluate((audio: HTMLAudioElement) => audio.currentTime);

async function listen(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Listen' }).click();
  await expect(page.getByRole('button', { name: 'Pause' })).toBeVisible();
  await expect.poll(() => position(page)).toBeGreaterThan(0.2);
}

test('the launch address signs in once, and the token is gone from the address bar', async ({
  page,
  launch,
  browser,
}) => {
  const address = await launch();
  await page.goto(address);
  await expect(page.getByText('66 found; 66 on this page.')).toBeVisible();
  expect(page.url()).toMatch(/\/#\/$/);
  const stranger = await browser.newContext();
  const second = await stranger.newPage();
  await second.goto(address);
  await expect(second.getByRole('alert')).toContainText('You are not signed in');
  await stranger.close();
  await page.reload();
  await expect(page.getByText('66 found; 66 on this page.')).toBeVisible();
});

test('finds by pasted ids, keeps the search in the address, and comes back to it', async ({
  page,
  open,
  real,
}) => {
  await open();
  await expect(page.getByText('124 found; 100 on this page.')).toBeVisible();
  await page
    .getByLabel('Conversation or recording ids')
    .fill(`${real.has.long}\n ${real.has.damaged}, "${real.has.g729}"`);
  await expect(page.getByText('3 found; 3 on this page.')).toBeVisible();
  await expect(page.getByText('3 ids', { exact: true })).toBeVisible();
  await page.getByRole('link', { name: real.has.long }).click();
  await expect(page.getByRole('heading', { name: 'Recording', exact: true })).toBeFocused();
  await page.getByRole('link', { name: 'Back to the recordings' }).click();
  await expect(page.getByText('3 found; 3 on this page.')).toBeVisible();
  await page.reload();
  await expect(page.getByText('3 found; 3 on this page.')).toBeVisible();
});

test('filters by queue, direction and length, and pages through the rest', async ({ page, open }) => {
  await open();
  await page.getByRole('link', { name: 'Next page' }).click();
  await expect(page.getByText('Page 2')).toBeVisible();
  await expect(page.getByRole('row')).toHaveCount(25);
  await page.getByRole('button', { name: 'Previous page' }).click();
  await expect(page.getByRole('row')).toHaveCount(101);
  await page.getByLabel('Queue').fill('claims');
  await expect(page.getByText(/^6\d found/)).toBeVisible();
  await page.getByLabel('Direction').selectOption('outbound');
  await expect(page.getByText(/^2\d found/)).toBeVisible();
  await page.getByText('More filters').click();
  await page.getByLabel('At least as long as').fill('2:00');
  await expect(page.getByText(/^1?\d found/)).toBeVisible();
  await page.goBack();
  await expect(page.getByLabel('Direction')).toHaveValue('');
});

test('saves the rows of a page as CSV', async ({ page, open }) => {
  await open('#/?queue=Claims');
  const saved = page.waitForEvent('download');
  await page.getByRole('button', { name: 'CSV of this page' }).click();
  const stream = await (await saved).createReadStream();
  let text = '';
  for await (const chunk of stream) text += String(chunk);
  expect(text.split('\r\n')[0]).toBe(
    'recording,channel,conversation,recorded_at,seconds,bytes,agents,queues,direction,state,held',
  );
  expect(text.split('\r\n').length).toBeGreaterThan(60);
});

test('plays after the listen is on record, seeks with one leaf, and says where it is', async ({
  page,
  open,
  real,
}) => {
  await open(`#/r/${real.has.long}`);
  const pieces: { first: number; last: number }[] = [];
  page.on('response', (response) => {
    const range = /^bytes (\d+)-(\d+)\//.exec(response.headers()['content-range'] ?? '');
    if (range !== null) pieces.push({ first: Number(range[1]), last: Number(range[2]) });
  });
  await listen(page);
  expect(await page.locator('audio').evaluate((audio: HTMLAudioElement) => audio.duration)).toBeCloseTo(
    240,
    0,
  );
  await page.getByLabel('Go to').fill('3:20');
  await page.getByRole('button', { name: 'Go', exact: true }).click();
  await expect.poll(() => position(page)).toBeGreaterThan(200);
  await expect(page.getByLabel('Position')).toHaveAttribute(
    'aria-valuetext',
    /^3 minutes 2\d seconds of 4 minutes/,
  );
  // 16,000 bytes a second after a head of 44; an answer ends with the leaf of 64 KiB that it begins in
  const place = 44 + 200 * 16_000;
  expect(pieces.some(({ first, last }) => first <= place && place <= last)).toBe(true);
  const leafOf = (byte: number) => Math.floor(byte / 65_536);
  expect(pieces.filter(({ first, last }) => leafOf(first) !== leafOf(last))).toEqual([]);
});

test('plays across the end of leaves without a stop, at twice the speed', async ({ page, open, real }) => {
  await open(`#/r/${real.has.long}`);
  await listen(page);
  await page.getByLabel('Speed').selectOption('2');
  const from = await position(page);
  await expect.poll(() => position(page), { timeout: 20_000 }).toBeGreaterThan(from + 10);
  await expect(page.getByRole('alert')).toHaveCount(0);
});

test('ten seconds back and on, and a resume that hears the last second once more', async ({
  page,
  open,
  real,
}) => {
  await open(`#/r/${real.has.long}`);
  await listen(page);
  await page.getByLabel('Position').fill('50');
  await expect.poll(() => position(page)).toBeGreaterThan(49.9);
  await page.getByRole('button', { name: 'Pause' }).click();
  const paused = await position(page);
  await page.getByRole('button', { name: '+ 10 s' }).click();
  await expect.poll(() => position(page)).toBeCloseTo(paused + 10, 1);
  await page.getByRole('button', { name: '− 10 s' }).click();
  await expect.poll(() => position(page)).toBeCloseTo(paused, 1);
  await page.getByRole('button', { name: 'Play' }).click();
  await page.getByRole('button', { name: 'Pause' }).click();
  const before = await position(page);
  await page.getByRole('button', { name: 'Play' }).click();
  expect(await position(page)).toBeLessThan(before - 0.5);
});

test('skips silence, and leaves a little of it at the end', async ({ page, open, real }) => {
  await open(`#/r/${real.has.long}`);
  await listen(page);
  const skip = page.getByRole('checkbox', { name: 'Skip silence' });
  await expect(skip).toBeEnabled({ timeout: 20_000 });
  await skip.check();
  // silent from 1:20 to 2:40
  await page.getByLabel('Position').fill('79');
  await expect.poll(() => position(page), { timeout: 15_000 }).toBeGreaterThan(159);
  expect(await position(page)).toBeLessThan(170);
});

test('hears one channel, and both again', async ({ page, open, real }) => {
  await open(`#/r/${real.has.long}`);
  await listen(page);
  for (const channel of ['1', '0', 'both']) {
    await page.getByLabel('Hear').selectOption(channel);
    const from = await position(page);
    await expect.poll(() => position(page)).toBeGreaterThan(from);
  }
});

test('draws two lanes, of which one sounds', async ({ page, open, real }) => {
  await open(`#/r/${real.has.long}`);
  const inked = (half: 0 | 1) =>
    page.locator('.wave.overview canvas').evaluate((canvas: HTMLCanvasElement, lane) => {
      const { width, height } = canvas;
      const data =
        canvas.getContext('2d')?.getImageData(0, (height / 2) * lane, width, height / 2).data ?? [];
      return [...data].filter((value, at) => at % 4 === 3 && value > 0).length;
    }, half);
  await expect.poll(() => inked(0), { timeout: 20_000 }).toBeGreaterThan(5000);
  expect(await inked(1)).toBeLessThan((await inked(0)) / 3);
});

test('a damaged leaf is not played, is said, marked in the waveform, and skipped on a press', async ({
  page,
  open,
  real,
}) => {
  await open(`#/r/${real.has.damaged}`);
  await listen(page);
  await page.getByLabel('Position').fill('34');
  const alert = page.getByRole('region', { name: 'Player' }).getByRole('alert');
  await expect(alert).toContainText('A part of this recording is damaged; nothing of that part was played');
  await expect(alert).toContainText('0:32 to 0:36');
  await expect(page.locator('.wave.overview .mark.damaged')).toBeVisible();
  await alert.getByRole('button', { name: 'Play on after it' }).click();
  await expect.poll(() => position(page)).toBeGreaterThan(37);
  await page.getByRole('button', { name: 'Verify every byte' }).click();
  await expect(page.getByRole('region', { name: 'Verification' }).getByRole('alert')).toContainText(
    'does not match',
  );
});

test('verifies the receipt at once, every byte on a press, and shows the receipt as text', async ({
  page,
  open,
  real,
}) => {
  await open(`#/r/${real.has.long}`);
  const card = page.getByRole('region', { name: 'Verification' });
  await expect(card.getByText('receipt verified', { exact: true })).toBeVisible();
  await card.getByRole('button', { name: 'Decrypt and verify' }).click();
  await expect(card.getByText(/every byte was read, decrypted and compared/)).toBeVisible();
  await page.getByText('Receipt', { exact: true }).click();
  await expect(page.getByLabel('Receipt as text')).toContainText('genesys-media-archive/receipt/v1');
});

test('a format that no browser plays is said, and no listen is recorded', async ({ page, open, real }) => {
  await open(`#/r/${real.has.g729}`);
  await expect(page.getByText(/No browser plays .*Export the evidence package/)).toBeVisible();
});

test('what is of another division is not there', async ({ page, open, real }) => {
  await open(`#/r/${real.has.other}`, { roles: ['auditor'], divisions: ['home'] });
  await expect(page.getByRole('alert')).toContainText('Not found, or not yours to see');
  await page.goto(`${real.url}/#/?id=${real.has.other}&id=${real.has.long}`);
  await expect(page.getByText('1 found; 1 on this page.')).toBeVisible();
});

test('a hold is placed on chosen recordings, shown, and released by a second person only', async ({
  page,
  open,
  real,
  context,
}) => {
  await open(`#/?id=${real.has.g729}&id=${real.has.damaged}`, {
    name: 'Grace',
    sub: 'grace',
    roles: ['custodian'],
  });
  await page.getByRole('checkbox', { name: 'Choose all of this page' }).check();
  await page.getByRole('button', { name: 'Place a hold' }).click();
  const matter = `Case ${Date.now()}`;
  await page.getByLabel('Matter').fill(matter);
  await page.getByRole('button', { name: 'Place the hold' }).click();
  await expect(page.getByRole('dialog').getByText(/is on 2 objects/)).toBeVisible();
  await page.getByRole('button', { name: 'Close' }).click();
  await page.getByRole('link', { name: 'Holds' }).click();
  const hold = page.getByRole('listitem').filter({ has: page.getByRole('heading', { name: matter }) });
  await hold.getByText('Its recordings').click();
  await expect(hold.getByRole('link', { name: real.has.g729 })).toBeVisible();
  await hold.getByRole('button', { name: 'Release the hold' }).click();
  await page.getByRole('dialog').getByLabel('Reason').fill('settled');
  await page.getByRole('dialog').getByRole('button', { name: 'Release the hold' }).click();
  await expect(page.getByRole('dialog').getByRole('alert')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await context.clearCookies();
  await real.signIn(page, { name: 'Ada', sub: 'ada', roles: ['custodian'] });
  await page.getByRole('link', { name: 'Holds' }).click();
  await hold.getByRole('button', { name: 'Release the hold' }).click();
  await page.getByRole('dialog').getByLabel('Reason').fill('settled');
  await page.getByRole('dialog').getByRole('button', { name: 'Release the hold' }).click();
  await expect(hold.getByText('released', { exact: true })).toBeVisible();
});

test('the evidence package is downloaded once its export is on record', async ({ page, launch }) => {
  await page.goto(await launch());
  await page.getByRole('link', { name: 'Completeness' }).click();
  await page.locator('a.day.provisional, a.day.complete').first().click();
  await page.getByRole('link', { name: 'Recordings of this day' }).click();
  await page
    .getByRole('checkbox', { name: /^Choose [0-9a-f]/ })
    .first()
    .check();
  await page.getByRole('button', { name: 'Export evidence' }).click();
  await expect(page.getByRole('button', { name: 'Make the package' })).toBeDisabled();
  await page.getByRole('dialog').getByLabel('Reason').fill('court order 7');
  await page.getByRole('button', { name: 'Make the package' }).click();
  const saved = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Download the package' }).click();
  expect((await saved).suggestedFilename()).toMatch(/^evidence-.*\.zip$/);
  expect(await (await saved).failure()).toBeNull();
  await page.getByRole('button', { name: 'Close' }).click();
  await page.getByRole('link', { name: 'Access' }).click();
  await expect(page.getByText('reason: court order 7').first()).toBeVisible();
});

test('an archive without a log says why it exports nothing', async ({ page, open, real }) => {
  await open(`#/r/${real.has.g729}`);
  await page.getByRole('button', { name: 'Export evidence' }).click();
  await page.getByRole('dialog').getByLabel('Reason').fill('court order 7');
  await page.getByRole('button', { name: 'Make the package' }).click();
  await expect(page.getByRole('dialog').getByRole('alert')).toContainText('The export was not done');
  await expect(page.getByRole('dialog').getByRole('alert')).toContainText('the archive has no log');
});

test('the overseer reads who listened to which seconds, and cannot listen', async ({
  page,
  open,
  real,
  context,
}) => {
  await open(`#/r/${real.has.long}`, { name: 'Ann', sub: 'ann', roles: ['auditor'] });
  await page.getByLabel('Reason to listen').fill('complaint 12');
  await listen(page);
  await expect.poll(() => position(page)).toBeGreaterThan(1.5);
  await page.getByRole('link', { name: 'Recordings', exact: true }).click();
  await expect(page.getByRole('heading', { name: 'Recordings' })).toBeVisible();
  await context.clearCookies();
  await real.signIn(page, { name: 'Otto', sub: 'otto', roles: ['overseer'] });
  await page.goto(`${real.url}/#/access?recording=${real.has.long}`);
  await expect(page.getByText('complaint 12').first()).toBeVisible();
  await expect(page.getByText(/heard 0:00–0:0\d/).first()).toBeVisible();
  await expect(page.getByText('intact', { exact: true })).toBeVisible();
  await page.goto(`${real.url}/#/r/${real.has.long}`);
  await expect(page.getByText('Your roles do not include listening.')).toBeVisible();
});

test('the days of the demo are sealed and verify, and a day leads to its recordings', async ({
  page,
  launch,
}) => {
  await page.goto(await launch());
  await page.getByRole('link', { name: 'Completeness' }).click();
  // the three of the backfill, and the present one: shortly after midnight, with the one before
  await expect(page.getByText(/recordings? archived on [45] days/)).toBeVisible();
  const sealed = page.locator('a.day.provisional, a.day.complete');
  await expect(sealed).toHaveCount(3);
  await sealed.first().click();
  await expect(page.getByText(/verifies/).last()).toBeVisible();
  await page.getByRole('link', { name: 'Recordings of this day' }).click();
  await expect(page.getByText(/found; \d+ on this page/)).toBeVisible();
});

test('the jobs of the demo are listed with what they did', async ({ page, launch }) => {
  await page.goto(await launch());
  await page.getByRole('link', { name: 'Work' }).click();
  await expect(page.getByRole('heading', { name: /^backfill/ })).toBeVisible();
  await expect(page.getByText(/(\d+) of \1 items/)).toBeVisible();
  await page.getByRole('link', { name: 'About' }).click();
  await expect(page.getByText('on this machine, by its address')).toBeVisible();
  await expect(page.getByText('Can decrypt')).toBeVisible();
});

test('sign out ends the session in every tab', async ({ page, open, context, real }) => {
  await open('#/about');
  const second = await context.newPage();
  await second.goto(`${real.url}/#/`);
  await expect(second.getByRole('table')).toBeVisible();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page.getByText('You are not signed in')).toBeVisible();
  await second.getByLabel('Direction').selectOption('inbound');
  await expect(second.getByText('You are not signed in')).toBeVisible();
});

test('two tabs play two recordings', async ({ page, open, context, real }) => {
  await open(`#/r/${real.has.long}`);
  await listen(page);
  const second = await context.newPage();
  await second.goto(`${real.url}/#/r/${real.has.damaged}`);
  await listen(second);
  const from = await position(page);
  await expect.poll(() => position(page)).toBeGreaterThan(from);
});

test('opening a recording costs less than half a megabyte, and nothing from elsewhere', async ({
  page,
  open,
  real,
}) => {
  await open('#/about');
  let bytes = 0;
  const origins = new Set<string>();
  page.on('response', (response) => {
    origins.add(new URL(response.url()).origin);
    void response.body().then(
      (body) => (bytes += body.length),
      () => undefined,
    );
  });
  await page.goto('about:blank');
  bytes = 0;
  await page.goto(`${real.url}/#/r/${real.has.long}`);
  await expect(page.getByText('receipt verified', { exact: true })).toBeVisible();
  await page.waitForLoadState('networkidle');
  expect([...origins]).toEqual([real.url]);
  expect(bytes).toBeGreaterThan(50_000);
  expect(bytes).toBeLessThan(500_000);
});

test('the keyboard alone finds a recording, listens, moves, verifies and goes back', async ({
  page,
  open,
  real,
}) => {
  await open(`#/?id=${real.has.long}`);
  await expect(page.getByText('1 found; 1 on this page.')).toBeVisible();
  const reach = async (name: RegExp, most = 60) => {
    for (let turn = 0; turn < most; turn += 1) {
      await page.keyboard.press('Tab');
      const at = await page.evaluate(() => {
        const element = document.activeElement as HTMLElement | null;
        const label =
          element?.getAttribute('aria-label') ??
          (element as HTMLInputElement | null)?.labels?.[0]?.textContent;
        return label ?? element?.textContent ?? '';
      });
      if (name.test(at.trim())) return;
    }
    throw new Error(`Tab does not reach ${name}`);
  };
  await reach(new RegExp(`^${real.has.long}`));
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Recording', exact: true })).toBeFocused();
  await reach(/^Listen$/);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('button', { name: 'Pause' })).toBeFocused();
  await expect.poll(() => position(page)).toBeGreaterThan(0.2);
  await page.keyboard.press('l');
  await expect.poll(() => position(page)).toBeGreaterThan(10);
  await page.keyboard.press('Space');
  await expect(page.getByRole('button', { name: 'Play' })).toBeFocused();
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Shift+Tab');
  await page.getByLabel('Position').focus();
  const from = await position(page);
  await page.keyboard.press('PageUp');
  await expect.poll(() => position(page)).toBeCloseTo(from + 60, 0);
  await page.keyboard.press('ArrowLeft');
  await expect.poll(() => position(page)).toBeCloseTo(from + 55, 0);
  await reach(/^Verify every byte$/);
  await page.keyboard.press('Enter');
  await expect(page.getByText(/every stored byte was read/)).toBeVisible();
});
