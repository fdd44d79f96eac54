import { defineConfig } from 'vitest/config';
import base from './vitest.config.ts';

/** The tests that a mutant of `src/archive` or `src/http` has to survive; none of them needs a build. */
export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: ['test/{archive,http,genesys}/**/*.test.ts', 'test/faults/**/*.mutation.test.ts'],
    globalSetup: [],
    reporters: ['dot'],
  },
});
