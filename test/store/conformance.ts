import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest';
import { unlimited } from '../../src/clock.ts';
import { describeFailing } from './conformance-failing.ts';
import { describeReading } from './conformance-reading.ts';
import { describeReplacing } from './conformance-replacing.ts';
import { describeStoring } from './conformance-storing.ts';
import type { RunningSuite, StoreUnderTest, SuiteOptions } from './conformance-suite.ts';
import { plant } from './planted-stores.ts';

export type { StoreUnderTest } from './conformance-suite.ts';

/** Holds one implementation to the text of `ObjectStore`. */
export function describeStore(
  name: string,
  options: SuiteOptions,
  make: () => Promise<StoreUnderTest>,
): void {
  const reason = options.skip === undefined ? '' : ` [needs: ${options.skip}]`;

  describe.skipIf(options.skip !== undefined)(`${name}${reason}`, () => {
    let made: StoreUnderTest | undefined;
    let serial = 0;
    const suite: RunningSuite = {
      partBytes: options.partBytes,
      exempt: options.exempt ?? {},
      get subject() {
        if (made === undefined) throw new Error('the store under test was not made');
        return made;
      },
      get store() {
        return suite.subject.store;
      },
      newScope: () => `t${String(++serial).padStart(4, '0')}`,
      async keys(prefix) {
        const found: string[] = [];
        for await (const { key } of suite.store.list(prefix, unlimited)) found.push(key);
        return found;
      },
    };

    beforeAll(async () => {
      const subject = await make();
      made = { ...subject, store: plant(subject.store), reopen: () => plant(subject.reopen()) };
    });
    afterEach(async () => {
      expect(await suite.subject.leftovers()).toEqual([]);
    });
    afterAll(async () => {
      await made?.close();
    });

    describeStoring(suite);
    describeFailing(suite);
    describeReading(suite);
    describeReplacing(suite);
  });
}
