import {
  access,
  ANSWERS,
  detail,
  idOf,
  me,
  recordings,
  refusal,
  row,
  rows,
  verified,
  year,
} from './fake-answers.ts';
import { expect, test } from './fixtures.ts';
import { PLACES } from './places.ts';

/** What each page asks first. */
const ASKED: Readonly<Record<string, string>> = {
  recordings: '/api/recordings',
  recording: `/api/recordings/${idOf(0)}`,
  completeness: '/api/completeness',
  work: '/api/work',
  holds: '/api/holds',
  access: '/api/access',
  about: '/api/about',
};

for (const { name, hash, shows } of PLACES) {
  const path = ASKED[name] ?? '';

  test(`${name} says that it loads, that the server failed, and tries again on a press`, async ({
    fake,
    page,
  }) => {
    let turn = 0;
    let answerNow = () => {};
    const asked = new Promise<void>((resolve) => (answerNow = resolve));
    await fake(hash, {
      [path]: async (route) => {
        turn += 1;
        if (turn === 1) {
          await asked;
          return refusal(503, 'STORE_UNAVAILABLE', 'the store does not answer', 'wait, and try again');
        }
        const usual = ANSWERS[path];
        return typeof usual === 'function' ? usual(route) : (usual ?? {});
      },
    });
    await expect(
      page
        .locator('main')
        .getByText(/Loading .+ …/)
        .first(),
    ).toBeVisible();
    answerNow();
    await expect(page.getByRole('alert').first()).toContainText(
      'the store does not answer; wait, and try again STORE_UNAVAILABLE',
    );
    await page.getByRole('button', { name: 'Try again' }).first().click();
    await expect(page.getByText(shows).first()).toBeVisible();
  });

  test(`${name} says that roles do not include it, and shows nothing else of it`, async ({ fake, page }) => {
    await fake(hash, {
      [path]: refusal(
        403,
        'NOT_ALLOWED',
        'your roles do not include this',
        'ask for the role that grants it',
      ),
    });
    await expect(page.getByRole('alert').first()).toContainText('Your roles do not include this');
    await expect(page.getByText(shows)).toHaveCount(0);
  });
}

test('a recording that is not there, or of another division, is one and the same refusal', async ({
  fake,
  page,
}) => {
  await fake(`#/r/${idOf(99)}`);
  await expect(page.getByRole('alert')).toContainText('Not found, or not yours to see: the recording');
});

test('an empty catalogue says how to fill it', async ({ fake, page }) => {
  await fake('#/', { '/api/recordings': { json: recordings([], { asOf: null }) } });
  await expect(page.getByText('The catalogue has no recordings')).toBeVisible();
  await expect(page.getByText('genesys-archive catalogue update')).toBeVisible();
  await expect(page.getByText('Catalogue as of unknown')).toBeVisible();
});

test('a search without a result offers to clear the filters', async ({ fake, page }) => {
  await fake('#/?queue=Nowhere', {
    '/api/recordings': (route) => ({
      json: recordings(route.request().url().includes('Nowhere') ? [] : rows(3)),
    }),
  });
  await expect(page.getByText('Nothing matches')).toBeVisible();
  await page.getByRole('button', { name: 'Clear all filters' }).last().click();
  await expect(page.getByText('3 found; 3 on this page.')).toBeVisible();
});

test('no jobs, no holds and no entries are said as such', async ({ fake, page }) => {
  await fake('#/work', {
    '/api/work': { json: { items: [], next: null } },
    '/api/holds': { json: { items: [] } },
    '/api/access': { json: { items: [], next: null, chain: 'intact' } },
    '/api/completeness': { json: { year: 2026, days: [] } },
  });
  await expect(page.getByText('No job was ever planned')).toBeVisible();
  await page.getByRole('link', { name: 'Holds' }).click();
  await expect(page.getByText('No hold was ever placed')).toBeVisible();
  await page.getByRole('link', { name: 'Access' }).click();
  await expect(page.getByText('No entries')).toBeVisible();
  await page.getByRole('link', { name: 'Completeness' }).click();
  await expect(page.getByText(/Nothing is known of 20\d\d/)).toBeVisible();
});

test('what is not known is not drawn as none', async ({ fake, page }) => {
  const bare = { ...row(0), conversation: null, bytes: null, divisions: null };
  for (const name of ['seconds', 'queues', 'agents', 'direction'] as const) delete bare[name];
  await fake('#/', { '/api/recordings': { json: recordings([bare]) } });
  const cells = page.getByRole('row').nth(1).getByText('unknown');
  await expect(cells).toHaveCount(5);
});

test('a recording without a receipt, a file or a context says so of each', async ({ fake, page }) => {
  await fake(`#/r/${idOf(0)}`, {
    [`/api/recordings/${idOf(0)}`]: {
      json: {
        ...detail({ receipt: null, files: [], links: [], contextState: 'damaged', state: 'unreceipted' }),
        context: undefined,
      },
    },
    [`/api/recordings/${idOf(0)}/transcript`]: refusal(404, 'NO_TRANSCRIPT', 'no transcript is archived'),
  });
  await expect(page.getByText('No file was archived of this recording')).toBeVisible();
  await expect(page.getByText('No receipt: what happened to this recording is not on record')).toBeVisible();
  await expect(page.getByText('The stored context is damaged and is not shown')).toBeVisible();
  await expect(page.getByText('None was archived with this recording.')).toBeVisible();
  await expect(page.getByRole('region', { name: 'Verification' })).toHaveCount(0);
});

test('findings of a verification name what differs', async ({ fake, page }) => {
  await fake(`#/r/${idOf(0)}`, {
    [`/api/recordings/${idOf(0)}/verification`]: (route) => ({
      json: route.request().url().includes('depth=ciphertext')
        ? verified({
            verdict: 'findings',
            depth: 'ciphertext',
            findings: [{ kind: 'leaf', detail: 'checksum' }],
            ms: 113,
          })
        : verified(),
    }),
  });
  const card = page.getByRole('region', { name: 'Verification' });
  await expect(card.getByText('receipt verified', { exact: true })).toBeVisible();
  await card.getByRole('button', { name: 'Verify every byte' }).click();
  await expect(card.getByRole('alert')).toContainText('does not match its receipt');
  await expect(card.getByRole('alert')).toContainText('leaf checksum');
  await expect(card.getByText('receipt verified', { exact: true })).toHaveCount(0);
});

test('a format that no browser plays is said before a listen is asked for', async ({ fake, page }) => {
  const [file] = detail().files;
  if (file === undefined) throw new Error('no file');
  let listens = 0;
  await fake(`#/r/${idOf(0)}`, {
    [`/api/recordings/${idOf(0)}`]: {
      json: detail({ files: [{ ...file, playable: 'format', format: 'WAV G.729' }] }),
    },
    '/api/listens': () => {
      listens += 1;
      return {};
    },
  });
  await expect(
    page.getByText('No browser plays WAV G.729. Export the evidence package and play it elsewhere.'),
  ).toBeVisible();
  await expect(page.getByRole('button', { name: 'Listen' })).toHaveCount(0);
  expect(listens).toBe(0);
});

test('nothing of a recording is asked for before the press on Listen', async ({ fake, page }) => {
  const asked: string[] = [];
  page.on('request', (request) => asked.push(new URL(request.url()).pathname));
  await fake(`#/r/${idOf(0)}`);
  await expect(page.getByText('Reference at the platform written')).toBeVisible();
  expect(
    await page
      .locator('audio')
      .evaluate((audio: HTMLAudioElement) => [audio.preload, audio.getAttribute('src')]),
  ).toEqual(['none', null]);
  expect(asked.filter((path) => path.startsWith('/media/') || path.startsWith('/api/listens'))).toEqual([]);
});

test('a refused listen says why, and plays nothing', async ({ fake, page }) => {
  await fake(`#/r/${idOf(0)}`, {
    '/api/listens': refusal(503, 'ACCESS_LOG_UNAVAILABLE', 'the access entry cannot be written', 'try again'),
  });
  await page.getByRole('button', { name: 'Listen' }).click();
  await expect(page.getByRole('region', { name: 'Player' }).getByRole('alert')).toContainText(
    'ACCESS_LOG_UNAVAILABLE',
  );
  await expect(page.locator('audio[src]')).toHaveCount(0);
});

test('where a reason is required, Listen waits for it', async ({ fake, page }) => {
  let sent = '';
  await fake(`#/r/${idOf(0)}`, {
    '/api/me': { json: me({ reasonRequired: true }) },
    '/api/listens': (route) => {
      sent = route.request().postData() ?? '';
      return refusal(503, 'ACCESS_LOG_UNAVAILABLE', 'no');
    },
  });
  await expect(page.getByRole('button', { name: 'Listen' })).toBeDisabled();
  await page.getByLabel('Reason to listen').fill('complaint 12');
  await page.getByRole('button', { name: 'Listen' }).click();
  await expect.poll(() => sent).toContain('complaint 12');
});

test('an overseer sees the access log and cannot listen', async ({ fake, page }) => {
  await fake(`#/r/${idOf(0)}`, {
    '/api/me': { json: me({ signIn: 'provider', roles: ['overseer'], grants: ['see', 'oversee'] }) },
  });
  await expect(page.getByText('Your roles do not include listening.')).toBeVisible();
  await expect(page.getByRole('region', { name: 'Who looked and listened' })).toContainText('Mallory');
  await expect(page.getByRole('button', { name: /hold|Export/ })).toHaveCount(0);
  await expect(page.getByRole('link', { name: 'Holds' })).toHaveCount(0);
});

test('a broken chain of entries is an alert', async ({ fake, page }) => {
  await fake('#/access', {
    '/api/access': { json: { ...access, chain: 'broken at 2026-11-28, session s1abcdef, entry 2' } },
  });
  await expect(page.getByRole('alert')).toContainText('The chain of entries is broken');
  await expect(page.getByText('intact')).toHaveCount(0);
});

test('a day is drawn by its sign and in words, not by colour alone', async ({ fake, page }) => {
  await fake('#/completeness?year=2026');
  const september = page.getByRole('table', { name: 'September 2026' });
  await expect(september.getByRole('link', { name: /^4 recordings are missing/ })).toBeVisible();
  await expect(september.getByRole('link', { name: /^5 complete/ })).toBeVisible();
  const november = page.getByRole('table', { name: 'November 2026' });
  await expect(november.getByRole('link', { name: /^23 the statement does not verify/ })).toBeVisible();
  await expect(november.getByRole('link', { name: /^27 not compared/ })).toBeVisible();
  expect(year().days).toHaveLength(88);
});

test('a page whose script does not load says so', async ({ fake, page }) => {
  await fake('#/');
  await expect(page.getByRole('table')).toBeVisible();
  await page.route(/\/work\.[A-Z0-9]+\.js/, (route) => route.abort());
  await page.getByRole('link', { name: 'Work' }).click();
  await expect(page.getByRole('alert')).toContainText('reload the page');
});

test('two minutes before the session ends one press extends it', async ({ fake, page }) => {
  let expiresAt = Date.now() + 100_000;
  await fake('#/about', {
    '/api/me': () => ({ json: me({ expiresAt: new Date(expiresAt).toISOString() }) }),
  });
  const dialog = page.getByRole('dialog', { name: 'Your session ends soon' });
  await expect(dialog).toBeVisible({ timeout: 10_000 });
  await expect(dialog.getByRole('button', { name: 'Stay signed in' })).toBeFocused();
  expiresAt = Date.now() + 3_600_000;
  await page.keyboard.press('Enter');
  await expect(dialog).toHaveCount(0);
});

test('a session that ended leads to the sign-in, and the address keeps the search', async ({
  fake,
  page,
}) => {
  let over = false;
  const end = refusal(401, 'SIGN_IN_REQUIRED', 'the session is over', 'sign in again');
  await fake('#/?queue=Claims', {
    '/api/me': () => (over ? end : { json: me() }),
    '/api/recordings': () => (over ? end : { json: recordings(rows(3)) }),
  });
  await expect(page.getByText('3 found')).toBeVisible();
  over = true;
  await page.getByLabel('Direction').selectOption('inbound');
  await expect(page.getByText('You are not signed in: the session is over.')).toBeVisible();
  expect(page.url()).toContain('queue=Claims');
});

test('a recording of a format without a waveform says why, and plays', async ({ fake, page }) => {
  const why = 'it is made of WAV alone, and this recording has another format';
  await fake(`#/r/${idOf(0)}`, { [`/api/recordings/${idOf(0)}/peaks`]: refusal(404, 'NO_PEAKS', why) });
  await expect(page.getByText(`no waveform: ${why}`)).toBeVisible();
  await page.getByRole('button', { name: 'Listen' }).click();
  await expect(page.getByRole('button', { name: 'Pause' })).toBeVisible();
});
