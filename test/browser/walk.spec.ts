/** Three people, each with a list of tasks, and the keyboard alone: nothing here presses, fills or focuses but by keys. */
import type { Locator, Page } from '@playwright/test';
import { idOf, work } from './fake-answers.ts';
import { expect, test } from './fixtures.ts';

/** More than any page has places to stop at. */
const MAX_STOPS = 150;

/** Goes on with Tab, or back with Shift+Tab, until the place has the focus. */
async function reach(page: Page, place: Locator, way: 'Tab' | 'Shift+Tab' = 'Tab'): Promise<void> {
  await expect(place).toBeVisible();
  for (let stop = 0; stop < MAX_STOPS; stop += 1) {
    if (await place.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press(way);
  }
  throw new Error(`the keyboard does not reach ${String(place)}`);
}

async function press(page: Page, place: Locator, key = 'Enter'): Promise<void> {
  await reach(page, place);
  await page.keyboard.press(key);
}

async function write(page: Page, place: Locator, text: string): Promise<void> {
  await reach(page, place);
  await page.keyboard.press('Control+A');
  await page.keyboard.type(text);
}

const link = (page: Page, name: string | RegExp) => page.getByRole('link', { name }).first();
const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name }).first();

interface Task {
  readonly task: string;
  readonly do: (page: Page) => Promise<unknown>;
}

const OFFICER: readonly Task[] = [
  {
    task: 'find recordings by ids that were pasted',
    do: async (page) => {
      await write(page, page.getByLabel('Conversation or recording ids'), `${idOf(0)}, ${idOf(1)}`);
      await expect(page).toHaveURL(/id=/);
    },
  },
  {
    task: 'find the calls of a queue',
    do: async (page) => {
      await write(page, page.getByLabel('Queue'), 'Claims');
      await expect(page).toHaveURL(/queue=Claims/);
    },
  },
  {
    task: 'begin the search anew',
    do: async (page) => {
      await press(page, button(page, /^Clear/));
      await expect(page).not.toHaveURL(/queue=/);
    },
  },
  {
    task: 'choose two recordings',
    do: async (page) => {
      await press(page, page.getByRole('checkbox', { name: `Choose ${idOf(0)}` }), 'Space');
      await press(page, page.getByRole('checkbox', { name: `Choose ${idOf(1)}` }), 'Space');
      await expect(page.getByText('2 recordings chosen')).toBeVisible();
    },
  },
  {
    task: 'begin a hold, and think better of it',
    do: async (page) => {
      await reach(page, button(page, 'Place a hold'), 'Shift+Tab');
      await page.keyboard.press('Enter');
      await expect(page.getByLabel('Matter')).toBeVisible();
      await page.keyboard.press('Escape');
      await expect(page.getByLabel('Matter')).toBeHidden();
    },
  },
  {
    task: 'begin an export, and think better of it',
    do: async (page) => {
      await press(page, button(page, 'Export evidence'));
      await expect(page.getByRole('dialog')).toBeVisible();
      await page.keyboard.press('Escape');
      await expect(page.getByRole('dialog')).toBeHidden();
    },
  },
  {
    task: 'open a recording',
    do: async (page) => {
      await press(page, page.locator(`a[href*="#/r/${idOf(0)}"]`).first());
      await expect(page.getByText('Reference at the platform written')).toBeVisible();
    },
  },
  {
    task: 'listen, stop and go back ten seconds',
    do: async (page) => {
      await press(page, button(page, 'Listen'));
      await press(page, button(page, 'Pause'));
      await page.keyboard.press('j');
      await expect(button(page, 'Play')).toBeVisible();
    },
  },
  {
    task: 'search the transcript, and go where a word is said',
    do: async (page) => {
      await write(page, page.getByLabel('Search the transcript'), 'refund');
      await press(page, button(page, /Thank you for the refund/));
      await expect(page.getByText('0:36 of 1:00')).toBeVisible();
    },
  },
  {
    task: 'see which holds there are',
    do: async (page) => {
      await press(page, link(page, 'Holds'));
      await expect(page.getByText('Case 4711').first()).toBeVisible();
    },
  },
];

const ON_CALL: readonly Task[] = [
  {
    task: 'see what runs',
    do: async (page) => {
      await press(page, link(page, 'Work'));
      await expect(page.getByText('before the archive')).toBeVisible();
    },
  },
  { task: 'pause a job', do: (page) => press(page, button(page, 'Pause')) },
  {
    task: 'slow a job down',
    do: async (page) => {
      await write(page, page.getByLabel('Rate').first(), '60');
      await press(page, button(page, 'Set the rate'));
    },
  },
  {
    task: 'see which days are not complete',
    do: async (page) => {
      await press(page, link(page, 'Completeness'));
      await expect(link(page, /^4 recordings are missing/)).toBeVisible();
    },
  },
  {
    task: 'open a day, and read the command that fetches what is missing',
    do: async (page) => {
      await press(page, link(page, /^4 recordings are missing/));
      await expect(page.getByText(/genesys-archive backfill --from/)).toBeVisible();
    },
  },
  {
    task: 'copy the command',
    do: (page) => reach(page, button(page, /^Copy/)),
  },
  { task: 'close the day', do: (page) => press(page, button(page, 'Close the day')) },
  {
    task: 'look at another year',
    do: (page) => reach(page, page.getByLabel('Year')),
  },
  {
    task: 'see version, stores and warnings',
    do: async (page) => {
      await press(page, link(page, 'About'));
      await expect(page.getByText('directory ./archive').first()).toBeVisible();
    },
  },
  { task: 'come back to the recordings', do: (page) => press(page, link(page, 'Recordings')) },
];

const AUDITOR: readonly Task[] = [
  {
    task: 'open a recording',
    do: async (page) => {
      await press(page, page.locator(`a[href*="#/r/${idOf(0)}"]`).first());
      await expect(page.getByText('Reference at the platform written')).toBeVisible();
    },
  },
  { task: 'verify every byte', do: (page) => press(page, button(page, 'Verify every byte')) },
  { task: 'decrypt and verify', do: (page) => press(page, button(page, 'Decrypt and verify')) },
  {
    task: 'save the receipt',
    do: async (page) => {
      await reach(
        page,
        page
          .locator('summary')
          .filter({ hasText: /receipt/i })
          .first(),
      );
    },
  },
  {
    task: 'see whether days are sealed',
    do: async (page) => {
      await press(page, link(page, 'Completeness'));
      await expect(page.getByLabel('Legend')).toBeVisible();
    },
  },
  {
    task: 'see who listened',
    do: async (page) => {
      await press(page, link(page, 'Access'));
      await expect(page.getByText('complaint 12').first()).toBeVisible();
    },
  },
  {
    task: 'filter the access log by a person',
    do: async (page) => {
      await write(page, page.getByLabel('Person'), 'Ann');
      await page.keyboard.press('Enter');
      await expect(page).toHaveURL(/person=Ann/);
    },
  },
  { task: 'save the entries', do: (page) => reach(page, button(page, /CSV/)) },
  {
    task: 'read the table without a mouse',
    do: (page) => reach(page, page.getByRole('region', { name: 'Table of entries' })),
  },
  {
    task: 'see which keys sign',
    do: async (page) => {
      await press(page, link(page, 'About'));
      await expect(page.getByText('archive.example+1a2b3c4d').first()).toBeVisible();
    },
  },
];

for (const [who, tasks] of [
  ['an officer', OFFICER],
  ['an engineer on call', ON_CALL],
  ['an outside auditor', AUDITOR],
] as const) {
  test(`${who} does ten tasks by the keyboard alone`, async ({ fake, page }) => {
    test.setTimeout(120_000);
    expect(tasks).toHaveLength(10);
    await fake('#/', { [`/api/work/${work.items[0]?.id ?? ''}/control`]: { json: work.items[0] } });
    for (const { task, do: run } of tasks) {
      await test.step(task, async () => {
        await run(page);
      });
    }
  });
}
