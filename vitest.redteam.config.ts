import { defineConfig } from 'vitest/config';
import base from './vitest.config.ts';

/** The attacks of `test/redteam`, and the planted weaknesses that have to make them fail. Not a merge: that would add to `include`. */
export default defineConfig({
  ...base,
  test: {
    ...base.test,
    isolate: true,
    include: ['test/redteam/**/*.{test,slow}.ts'],
    testTimeout: 300_000,
    maxWorkers: 2,
  },
});
