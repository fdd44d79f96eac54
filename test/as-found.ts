import { afterAll, expect } from 'vitest';

/** Set by Powertools when it is loaded, permanently. */
const LOADED = 'AWS_SDK_UA_APP_ID';

/** What a test file could change for those that come after it in the same process. */
const state = () => ({
  directory: process.cwd(),
  environment: { ...process.env, [LOADED]: undefined },
  clocks: [globalThis.setTimeout, globalThis.setInterval, Date.now],
  clockIsReplaced: Object.hasOwn(performance, 'now'),
});

const found = state();
const environment = process.env;

// hooks of this kind run in reverse order: the test file's own have had their turn
afterAll(() => {
  expect(state(), 'a test file has to leave the process as it found it').toEqual(found);
  // in place of another object, stubs of the files after it could be set, and never taken back
  expect(process.env === environment, 'a test file may not replace the environment').toBe(true);
});
