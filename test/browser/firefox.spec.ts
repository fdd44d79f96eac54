import { existsSync } from 'node:fs';
import { expect, test as base } from '@playwright/test';
import { type Firefox, startFirefox } from './marionette.ts';
import { type RealConsole, startRealConsole } from './real-console.ts';

const executable = [process.env['FIREFOX'], '/usr/bin/firefox-esr', '/usr/bin/firefox'].find(
  (file) => file !== undefined && existsSync(file),
);

interface WorkerFixtures {
  readonly real: RealConsole;
  readonly firefox: Firefox;
}

// no page of Playwright’s: that would be Chromium
const test = base.extend<{ readonly see: (text: string | RegExp) => Promise<void> }, WorkerFixtures>({
  real: [
    async ({}, use) => {
      const real = await startRealConsole(process.env['CONSOLE_SCRIPT'] ?? '');
      await use(real);
      await real.close();
    },
    { scope: 'worker' },
  ],
  firefox: [
    async ({}, use) => {
      const firefox = await startFirefox(executable ?? '');
      await use(firefox);
      await firefox.close();
    },
    { scope: 'worker' },
  ],
  see: async ({ firefox }, use) => {
    await use((text) =>
      expect.poll(() => firefox.run<string>('return document.body.innerText')).toMatch(text),
    );
  },
});

test.describe.configure({ mode: 'default' });
if (process.env['REQUIRE_FIREFOX'] !== '1') {
  test.skip(executable === undefined, 'no Firefox: apt-get install firefox-esr, or name one in FIREFOX');
}

/** Opens the console at a fragment, as a person with these roles. What the page violates or throws is gathered from then on. */
async function open(
  { real, firefox }: Pick<WorkerFixtures, 'real' | 'firefox'>,
  hash: string,
  roles: Parameters<RealConsole['token']>[0]['roles'] = ['auditor', 'custodian'],
): Promise<void> {
  await firefox.goTo('about:blank');
  await firefox.goTo(`${real.url}/#token=${await real.token({ roles })}`);
  await expect.poll(() => firefox.run('return location.hash')).not.toContain('token');
  await firefox.run(
    `
    document.documentElement.dataset.troubles = '';
    const note = (words) => { document.documentElement.dataset.troubles += words + '\\n'; };
    addEventListener('securitypolicyviolation', ({ violatedDirective }) => note(violatedDirective));
    addEventListener('error', ({ message }) => note(message));
    location.hash = arguments[0];`,
    hash,
  );
}
const troubles = (firefox: Firefox) => firefox.run('return document.documentElement.dataset.troubles');
const button = (name: string) => `//button[normalize-space()='${name}']`;
const position = (firefox: Firefox) =>
  firefox.run<number>("return document.querySelector('audio').currentTime");

test('Firefox signs in by the launch address, and finds a recording by its id', async ({
  real,
  firefox,
  see,
}) => {
  await open({ real, firefox }, '#/');
  await see('124 found; 100 on this page.');
  expect(await firefox.run('return location.href')).toMatch(/\/#\/$/);
  await firefox.type(
    "//label[contains(., 'Conversation or recording ids')]/following::textarea[1]",
    real.has.long,
  );
  await see('1 found; 1 on this page.');
  await firefox.click(`//a[contains(., '${real.has.long}')]`);
  await see('The listen goes on record before the first sound.');
  expect(await troubles(firefox)).toBe('');
});

test('Firefox plays after the listen is on record, and seeks', async ({ real, firefox }) => {
  await open({ real, firefox }, `#/r/${real.has.long}`);
  await expect.poll(() => firefox.run("return document.querySelector('audio') !== null")).toBe(true);
  // without a sound device, sound that is not muted never gets on
  await firefox.run("document.querySelector('audio').muted = true");
  await firefox.click(button('Listen'));
  await expect.poll(() => position(firefox)).toBeGreaterThan(0.2);
  await firefox.type("//label[contains(., 'Go to')]/following::input[1]", '3:20');
  await firefox.click(button('Go'));
  await expect.poll(() => position(firefox)).toBeGreaterThan(200);
  expect(await troubles(firefox)).toBe('');
});

test('Firefox verifies every byte, and shows what is damaged', async ({ real, firefox, see }) => {
  await open({ real, firefox }, `#/r/${real.has.long}`);
  await see('Verify every byte');
  await firefox.click(button('Verify every byte'));
  await see(/every stored byte was read/);
  await firefox.run('location.hash = arguments[0]', `#/r/${real.has.damaged}`);
  await see(real.has.damaged);
  await firefox.click(button('Verify every byte'));
  await see('does not match');
  expect(await troubles(firefox)).toBe('');
});

test('Firefox shows every page, to an overseer the access log with this look', async ({
  real,
  firefox,
  see,
}) => {
  await open({ real, firefox }, '#/', ['overseer', 'custodian']);
  for (const [hash, heading] of [
    ['#/completeness', 'Completeness'],
    ['#/work', 'Work'],
    ['#/holds', 'Holds'],
    ['#/access', 'Access'],
    ['#/about', 'About'],
  ] as const) {
    await firefox.run('location.hash = arguments[0]', hash);
    await expect.poll(() => firefox.run("return document.querySelector('h1')?.innerText")).toContain(heading);
  }
  await firefox.run("location.hash = '#/access'");
  await see('Ann Example');
  expect(await troubles(firefox)).toBe('');
});

test('Firefox keeps the page to its policy: no markup from text, nothing from elsewhere', async ({
  real,
  firefox,
}) => {
  await open({ real, firefox }, '#/');
  const markup = "document.createElement('script').textContent = 'document.title = 1'";
  await expect(firefox.run(markup)).rejects.toThrow('blocked by CSP');
  await firefox.run(
    "document.body.append(Object.assign(document.createElement('img'), { src: 'http://127.0.0.1:9/x.png' }))",
  );
  await expect.poll(() => troubles(firefox)).toContain('img-src');
});
