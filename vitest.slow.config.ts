import { defineConfig } from 'vitest/config';
import base from './vitest.config.ts';

/** What takes longer than a minute: crash points, simulation, matrices. Not a merge: that would add to `include`. */
export default defineConfig({
  ...base,
  test: {
    ...base.test,
    isolate: true,
    include: ['test/slow/**/*.slow.ts'],
    testTimeout: 2_400_000,
    maxWorkers: 2,
  },
});
