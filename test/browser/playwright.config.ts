import { existsSync } from 'node:fs';
import { defineConfig } from '@playwright/test';

const executablePath =
  process.env['CHROMIUM'] ??
  ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find((file) => existsSync(file));

export default defineConfig({
  testDir: '.',
  testMatch: '*.spec.ts',
  globalSetup: './global-setup.ts',
  outputDir: '../../.console-tests',
  // far above what any step takes: it ends what hangs, and a busy machine is no reason to fail
  timeout: 120_000,
  expect: { timeout: 30_000 },
  workers: 2,
  fullyParallel: true,
  forbidOnly: process.env['CI'] !== undefined,
  reporter: [['list'], ['./closing-line.ts']],
  use: {
    browserName: 'chromium',
    locale: 'en-GB',
    timezoneId: 'Europe/Berlin',
    viewport: { width: 1280, height: 900 },
    launchOptions: {
      ...(executablePath !== undefined && { executablePath }),
      args: ['--disable-dev-shm-usage', '--autoplay-policy=no-user-gesture-required', '--mute-audio'],
      chromiumSandbox: process.getuid?.() !== 0,
    },
  },
});
