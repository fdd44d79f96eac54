import { defineConfig } from 'vitest/config';
import base from './vitest.config.ts';

/** Against AWS's own encryption clients, where they are installed. Not a merge: that would add to `include`. */
export default defineConfig({
  ...base,
  test: { ...base.test, include: ['test/interop/**/*.interop.ts'], testTimeout: 600_000, maxWorkers: 2 },
});
