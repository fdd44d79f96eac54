import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { PLANTED_STORES } from '../store/planted-stores.ts';

/** Runs a test file as `npm test` does, on stores with a planted fault. */
function run(file: string, fault: string | undefined) {
  const { stdout } = spawnSync(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', file], {
    encoding: 'utf8',
    env: {
      ...process.env,
      TEST_SKIP_BUILD: '1',
      ...(fault === undefined ? {} : { PLANTED_STORE: fault }),
    },
  });
  const [, passed, failed] = /^(\d+) passed, (\d+) failed/m.exec(stdout) ?? [];
  return { passed: Number(passed), failed: Number(failed) };
}

describe.each(['test/store/directory/directory-store.test.ts', 'test/store/s3/s3-store-simulator.test.ts'])(
  'the suite of %s',
  (file) => {
    it('passes on a sound store', () => {
      expect(run(file, undefined)).toEqual({ passed: expect.any(Number) as number, failed: 0 });
    });

    const faults = Object.keys(PLANTED_STORES).filter(
      // a directory has no place that is missing or denied in this suite
      (fault) => file.includes('s3-store') || fault !== 'finds nothing where it may not look',
    );
    it.each(faults)('fails on one that %s', (fault) => {
      const { passed, failed } = run(file, fault);
      expect(failed).toBeGreaterThan(0);
      expect(passed).toBeGreaterThan(0);
    });
  },
);
