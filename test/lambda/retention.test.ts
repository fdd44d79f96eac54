import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { unlimited } from '../../src/clock.ts';
import { applyRules } from '../../src/lambda/retention.ts';
import { DAY_MS } from '../../src/recording/time.ts';
import { createDirectoryStore } from '../../src/store/directory/directory-store.ts';
import { addRecording } from '../catalogue/invented-archive.ts';
import { fastClock } from '../fast-clock.ts';
import { RETENTION_RULES } from '../infra/hardened.ts';
import { recordingLogger } from '../recording-logger.ts';

const TODAY = Math.floor(Date.now() / DAY_MS) * DAY_MS;
const clock = fastClock(TODAY + 1_000);
const dayOf = (age: number) => new Date(TODAY - age * DAY_MS).toISOString().slice(0, 10);

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'retention-'));
});
afterEach(() => rm(dir, { recursive: true }));

function run(event: unknown) {
  const logger = { ...recordingLogger(), setLevel: () => {}, setContext: () => {} };
  const env = { ENCRYPTION_KEY_HEX: '0'.repeat(63) + '1', ARCHIVE_STORE: `file:${dir}` };
  const metrics = { add: () => {} };
  return applyRules({ event, env, budget: unlimited, clock, logger, metrics });
}

describe('the scheduled application of rules', () => {
  it('looks at the days whose queues may have become known, or at those that the event names', async () => {
    const store = createDirectoryStore(dir);
    for (const age of [1, 5, 7, 36]) await addRecording(store, { day: dayOf(age) });
    expect(await run({ rules: RETENTION_RULES })).toMatchObject({ objects: 3, days: 8 });
    const named = { rules: RETENTION_RULES, from: dayOf(5), to: dayOf(5) };
    expect(await run(named)).toMatchObject({ objects: 1, days: 1 });
  });

  it.each([
    ['no rules', {}, 'CONFIG_INVALID'],
    ['rules that are none', { rules: { by: 'tags' } }, 'RETENTION_FILE_INVALID'],
    [
      'a day that is none',
      { rules: RETENTION_RULES, from: '2026-02-30', to: '2026-03-01' },
      'CONFIG_INVALID',
    ],
    ['one day of two', { rules: RETENTION_RULES, from: '2026-03-01' }, 'CONFIG_INVALID'],
    [
      'more days than 400',
      { rules: RETENTION_RULES, from: '2024-01-01', to: '2026-03-01' },
      'CONFIG_INVALID',
    ],
  ])('does nothing for an event with %s', async (_, event, code) => {
    await expect(run(event)).rejects.toMatchObject({ code });
  });
});
