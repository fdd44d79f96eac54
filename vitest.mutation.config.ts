import { configDefaults, defineConfig } from 'vitest/config';
import base from './vitest.config.ts';

/** Narrows the tests, e.g. to those of one folder of `src`: fewer of them run for each mutant. */
const include =
  process.env['MUTATION_TESTS'] ??
  'test/{record,archive,audit,rekey,proof,aws,http,genesys,envelope}/**/*.test.ts';

/**
 * Thousands of cases, of objects or of processes: seconds for every mutant. What they notice, the short tests beside them must notice
 * too; that is what is measured.
 */
const LONG = [
  'test/envelope/{any-input,break-glass,nonces,second-implementation,tampering}.test.ts',
  // servers of others, and years of days
  'test/proof/{anchors/witness,years}.test.ts',
];

/** The tests that a mutant of `src/{record,archive,audit,rekey,proof}`, `src/aws`, `src/http` or `src/envelope` has to survive; none of them needs a build. */
export default defineConfig({
  ...base,
  test: {
    ...base.test,
    isolate: true,
    include: [include],
    exclude: [...configDefaults.exclude, ...LONG],
    globalSetup: [],
    reporters: ['dot'],
  },
});
