import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock, unlimited } from '../../src/clock.ts';
import { drill } from '../../src/lambda/drill.ts';
import { makeSealedLog, type SealedLog } from '../proof/sealed-log.ts';
import { recordingLogger } from '../recording-logger.ts';

const DAY_MS = 86_400_000;

let log: SealedLog;
let dir: string;
beforeAll(async () => {
  log = await makeSealedLog(5, 200);
  dir = await mkdtemp(path.join(tmpdir(), 'drill-'));
  const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' });
  await writeFile(path.join(dir, 'drills.pem'), pem, { mode: 0o600 });
});
afterAll(async () => {
  await log.remove();
  await rm(dir, { recursive: true });
});

async function run(day: number, event: unknown = {}, env: Record<string, string> = {}) {
  const counted: Record<string, number> = {};
  const logger = { ...recordingLogger(), setLevel: () => {}, setContext: () => {} };
  const result = await drill({
    event,
    env: { ...log.env, ARCHIVE_DRILL_KEY_FILE: path.join(dir, 'drills.pem'), ...env },
    budget: unlimited,
    clock: { ...systemClock, now: () => Date.UTC(2026, 5, 1, 5) + day * DAY_MS },
    logger,
    metrics: {
      add: (metric, value) => {
        counted[metric] = (counted[metric] ?? 0) + value;
      },
    },
  });
  return { result, counted, lines: logger.lines };
}

describe('the scheduled restore drill', () => {
  it('drills once a week although it is started each day, and counts what it found', async () => {
    const first = await run(0);
    expect(first.result).toMatchObject({
      state: 'drilled',
      report: 'drills/2026/06/01.json',
      drawn: 5,
      restored: 5,
    });
    expect(first.counted).toEqual({ drillFindings: 0, drillCurrent: 1 });
    for (const day of [1, 6]) {
      const { result, counted } = await run(day);
      expect([result, counted]).toEqual([{ state: 'not-due', ageDays: day }, { drillCurrent: 1 }]);
    }
    const wrongKey = await run(7, { sample: 3 }, { ENCRYPTION_KEY_HEX: 'ab'.repeat(32) });
    expect(wrongKey.result).toMatchObject({ state: 'drilled', drawn: 3, restored: 0, failed: 3 });
    expect(wrongKey.counted).toEqual({ drillFindings: 3, drillCurrent: 1 });
    expect(wrongKey.lines.filter((line) => line.includes('"level":"error"'))).toHaveLength(3);
  });

  it.each([{ sample: 0 }, { everyDays: 93 }, { share: 0.1 }, 'all'])(
    'refuses the event %j, and names what is wrong with it',
    async (event) => {
      await expect(run(0, event)).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
        message: expect.stringContaining('the event of the drills is not valid') as unknown,
      });
    },
  );
});
