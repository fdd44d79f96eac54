import { defineConfig } from 'vitest/config';
import base from './vitest.config.ts';

/** The log and evidence packages, checked by Go, openssl and Python. Not a merge: that would add to `include`. */
export default defineConfig({
  ...base,
  test: { ...base.test, include: ['test/outside/**/*.outside.ts'], testTimeout: 600_000, maxWorkers: 2 },
});
