import { type Page, test as base } from '@playwright/test';
import { type Answers, fakeApi } from './fake-answers.ts';
import { type PageServer, servePage } from './page-server.ts';
import { type RealConsole, startCommand, startRealConsole } from './real-console.ts';

interface Fixtures {
  /** Opens the page at a fragment, with answers of our own. */
  readonly fake: (hash?: string, answers?: Answers) => Promise<void>;
  /** Opens a real console at a fragment, as a person with these roles; without any as an auditor and custodian. */
  readonly open: (hash?: string, person?: Parameters<RealConsole['signIn']>[1]) => Promise<void>;
  /** Starts `genesys-archive console` on the archive of the demo. @returns the address with the launch token. */
  readonly launch: () => Promise<string>;
  /** What the page reported to the console: nothing, or a test fails. */
  readonly reports: string[];
}

interface WorkerFixtures {
  /** A real console, with an archive of its own for each worker. */
  readonly real: RealConsole;
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
  real: [
    async ({}, use) => {
      const real = await startRealConsole(process.env['CONSOLE_SCRIPT'] ?? '');
      await use(real);
      await real.close();
    },
    { scope: 'worker' },
  ],
  open: async ({ page, real }, use) => {
    await use(async (hash = '#/', person) => {
      await real.signIn(page, person);
      await page.goto(`${real.url}/${hash}`);
    });
  },
  launch: async ({}, use) => {
    const closers: (() => Promise<void>)[] = [];
    await use(async () => {
      const settings = JSON.parse(process.env['DEMO_SETTINGS'] ?? '{}') as Record<string, string>;
      const started = await startCommand(settings);
      closers.push(() => started.close());
      return started.launchUrl;
    });
    for (const close of closers) await close();
  },
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
