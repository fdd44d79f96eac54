import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };

export default defineConfig({
  define: { PACKAGE_VERSION: JSON.stringify(version) },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/build.ts'],
    setupFiles: ['test/loopback-only.ts', 'test/as-found.ts'],
    reporters: [process.env['TEST_VERBOSE'] === '1' ? 'verbose' : 'default', './test/closing-line.ts'],
    // far above what any test takes: it ends what hangs, and a busy machine is no reason to fail
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // a test that asserts nothing passes for ever
    expect: { requireAssertions: true },
    pool: 'forks',
    // A process serves many test files, which saves starting it and loading the product for each of them. So a test
    // file leaves the process as it found it; `test/as-found.ts` asks.
    isolate: false,
    // the tests wait for sockets and child processes more than they compute
    maxWorkers: Math.max(2, availableParallelism()) + 1,
  },
});
