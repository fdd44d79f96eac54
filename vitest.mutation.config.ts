import { defineConfig } from 'vitest/config';
import base from './vitest.config.ts';

/** Narrows the tests, e.g. to those of one folder of `src`: fewer of them run for each mutant. */
const include = process.env['MUTATION_TESTS'] ?? 'test/{archive,http,genesys}/**/*.test.ts';

/** The tests that a mutant of `src/archive` or `src/http` has to survive; none of them needs a build. */
export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: [include],
    globalSetup: [],
    reporters: ['dot'],
  },
});
