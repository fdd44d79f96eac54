import { defineConfig } from 'vitest/config';
import base from './vitest.config.ts';

/** Narrows the tests to those of one folder of `src`, e.g. `archive`. */
const folders = process.env['MUTATION_TESTS'] ?? '{archive,http,genesys}';

/** The tests that a mutant of `src/archive` or `src/http` has to survive; none of them needs a build. */
export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: [`test/${folders}/**/*.test.ts`],
    globalSetup: [],
    reporters: ['dot'],
  },
});
