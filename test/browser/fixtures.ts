import { type Page, test as base } from '@playwright/test';
import { type Answers, fakeApi } from './fake-answers.ts';
import { type PageServer, servePage } from './page-server.ts';

interface Fixtures {
  /** Opens the page at a fragment, with answers of our own. */
  readonly fake: (hash?: string, answers?: Answers) => Promise<void>;
  /** What the page reported to the console: nothing, or a test fails. */
  readonly reports: string[];
}

interface WorkerFixtures {
  readonly pageServer: PageServer;
}

export const test = base.extend<Fixtures, WorkerFixtures>({
  pageServer: [
    // Playwright reads the names of the parameters
    async ({}, use) => {
      const server = await servePage();
      await use(server);
      await server.close();
    },
    { scope: 'worker' },
  ],
  reports: [
    async ({ page }, use) => {
      const reports = watch(page);
      await use(reports);
      base.expect(reports).toEqual([]);
    },
    { auto: true },
  ],
  fake: async ({ page, pageServer }, use) => {
    await use(async (hash = '#/', answers = {}) => {
      await fakeApi(page, answers);
      await page.goto(`${pageServer.url}/${hash}`);
    });
  },
});

/** Collects violations of the security policy and thrown errors; refusals of the API are part of tests. */
function watch(page: Page): string[] {
  const reports: string[] = [];
  page.on('pageerror', (error) => reports.push(error.message));
  page.on('console', (message) => {
    const text = message.text();
    if (message.type() === 'error' && !text.startsWith('Failed to load resource')) reports.push(text);
  });
  return reports;
}

export { expect } from '@playwright/test';
