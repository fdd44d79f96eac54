import { ANSWERS, idOf, me, recordings, refusal, rows, work } from './fake-answers.ts';
import { expect, test } from './fixtures.ts';

test('a press on a turn of the transcript goes there; the turn that is heard is marked, and words are found', async ({
  fake,
  page,
}) => {
  await fake(`#/r/${idOf(0)}`);
  await page.getByRole('button', { name: 'Listen' }).click();
  await page.getByRole('button', { name: 'Pause' }).click();
  const card = page.getByRole('region', { name: 'Transcript' });
  await card.getByRole('button', { name: /Thank you for the refund/ }).click();
  await expect(page.getByText('0:36 of 1:00')).toBeVisible();
  await expect(card.locator('[aria-current]')).toContainText('Thank you for the refund');
  await card.getByLabel('Search the transcript').fill('PARCEL');
  await expect(card.getByText('1 turn found')).toBeVisible();
  await expect(card.getByRole('listitem')).toHaveCount(1);
});

test('a mark of the recording leads to its place', async ({ fake, page }) => {
  await fake(`#/r/${idOf(0)}`);
  await page.getByText('Marked: 2').click();
  await page.getByRole('button', { name: '0:20 to 0:35' }).click();
  await expect(page.getByLabel('Position')).toHaveAttribute(
    'aria-valuetext',
    '20 seconds of 1 minute 0 seconds',
  );
});

test('letter keys act while the player has the focus, never in a field, and can be turned off', async ({
  fake,
  page,
}) => {
  await fake(`#/r/${idOf(0)}`);
  await page.getByRole('button', { name: 'Listen' }).click();
  await page.getByRole('button', { name: 'Pause' }).click();
  const at = (text: string) => expect(page.getByText(`${text} of 1:00`)).toBeVisible();
  await page.getByLabel('Position').fill('20');
  await page.keyboard.press('l');
  await at('0:30');
  await page.getByLabel('Go to').focus();
  await page.keyboard.type('jl');
  await at('0:30');
  await page.getByText('Keys', { exact: true }).click();
  await page.getByLabel(/Letter keys/).uncheck();
  await page.keyboard.press('l');
  await at('0:30');
  await page.getByRole('link', { name: 'About' }).focus();
  await page.keyboard.press('l');
  await at('0:30');
});

test('one archive of several is chosen, and every question names it', async ({ fake, page }) => {
  const asked: string[] = [];
  page.on('request', (request) => asked.push(request.url()));
  await fake('#/', { '/api/me': { json: me({ archives: ['east', 'west'] }) } });
  await expect(page.getByRole('table')).toBeVisible();
  expect(asked.some((url) => url.includes('/api/recordings?') && url.includes('archive=east'))).toBe(true);
  await page.getByRole('combobox', { name: 'Archive' }).selectOption('west');
  await page.getByRole('link', { name: 'Work' }).click();
  await expect(page.getByRole('heading', { name: /before the archive/ })).toBeVisible();
  expect(page.url()).toContain('archive=west');
  expect(asked.filter((url) => url.includes('/api/work')).every((url) => url.includes('archive=west'))).toBe(
    true,
  );
});

test('an operator pauses a job and sets its rate; who is none sees no buttons', async ({ fake, page }) => {
  const [job] = work.items;
  const sent: unknown[] = [];
  await fake('#/work', {
    [`/api/work/${job?.id ?? ''}/control`]: (route) => {
      sent.push(route.request().postDataJSON());
      return { json: job };
    },
  });
  await page.getByRole('button', { name: 'Pause' }).click();
  await expect.poll(() => sent).toEqual([{ wish: 'pause' }]);
  await page.getByLabel('Rate').fill('fast');
  await expect(page.getByText('write a number, or yield')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Set the rate' })).toBeDisabled();
  await page.getByLabel('Rate').fill('120');
  await page.getByRole('button', { name: 'Set the rate' }).click();
  await expect.poll(() => sent).toEqual([{ wish: 'pause' }, { rate: 120 }]);
  await page.unrouteAll();
  await fake('#/about', {
    '/api/me': { json: me({ signIn: 'provider', roles: ['viewer'], grants: ['see'] }) },
  });
  await page.reload();
  await page.getByRole('link', { name: 'Work' }).click();
  await expect(page.getByText('before the archive')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Pause' })).toHaveCount(0);
});

test('what is chosen on one page is held together with what is chosen on the next', async ({
  fake,
  page,
}) => {
  let held: unknown;
  await fake('#/', {
    '/api/recordings': (route) => {
      const second = route.request().url().includes('cursor=c2');
      const all = rows(4);
      return { json: recordings(second ? all.slice(2) : all.slice(0, 2), { next: second ? null : 'c2' }) };
    },
    '/api/holds': (route) => {
      if (route.request().method() !== 'POST') return ANSWERS['/api/holds'] as { json: unknown };
      held = route.request().postDataJSON();
      return refusal(403, 'NOT_ALLOWED', 'no');
    },
  });
  await page.getByRole('checkbox', { name: `Choose ${idOf(0)}` }).check();
  await page.getByRole('link', { name: 'Next page' }).click();
  await page.getByRole('checkbox', { name: `Choose ${idOf(3)}` }).check();
  await expect(page.getByText('2 recordings chosen')).toBeVisible();
  await page.getByRole('button', { name: 'Place a hold' }).click();
  await page.getByLabel('Matter').fill('Case 1');
  await page.getByRole('button', { name: 'Place the hold' }).click();
  await expect.poll(() => held).toEqual({ matter: 'Case 1', recordings: [idOf(0), idOf(3)] });
});

test('a search for a person is asked once, by Enter, and never while it is typed', async ({ fake, page }) => {
  const asked: string[] = [];
  page.on('request', (request) => asked.push(request.url()));
  await fake('#/');
  await page.getByText('More filters').click();
  await page.getByLabel('Customer').pressSequentially('+4915112345678');
  await page.waitForTimeout(400);
  expect(asked.filter((url) => url.includes('customer='))).toEqual([]);
  await page.keyboard.press('Enter');
  await expect.poll(() => asked.filter((url) => url.includes('customer=')).length).toBe(1);
  await page.keyboard.press('Tab');
  await page.waitForTimeout(400);
  expect(asked.filter((url) => url.includes('customer='))).toHaveLength(1);
});

test('a day that misses recordings names the command that fetches them', async ({ fake, page }) => {
  await fake('#/completeness?year=2026');
  await page.getByRole('link', { name: /^4 recordings are missing/ }).click();
  await expect(page.getByRole('heading', { name: '2026-09-04' })).toBeFocused();
  await expect(page.getByText('genesys-archive backfill --from 2026-09-04 --to 2026-09-04')).toBeVisible();
  await expect(page.getByRole('row', { name: new RegExp(idOf(8)) })).toContainText(
    'failed:GENESYS_FORBIDDEN',
  );
  await page.getByRole('button', { name: 'Close the day' }).click();
  await expect(page.getByRole('heading', { name: '2026-09-04' })).toHaveCount(0);
});
