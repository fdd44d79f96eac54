import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it, vi } from 'vitest';
import { startS3 } from '../../../packages/simulator/src/s3/s3.ts';
import { expectSound } from './race-sound.ts';
import { raceCompactors } from './race.ts';

/** `RACE_KILLS` asks for others, with 30 receipts each. */
const KILLS = Number(process.env['RACE_KILLS'] ?? 100);
const AT_ALL = { receipts: 30 * KILLS, kills: KILLS };
/** Each request to the simulated server costs the processors of this machine; `RACE_KILLS_S3` asks for more. */
const KILLS_S3 = Number(process.env['RACE_KILLS_S3'] ?? 25);
const IN_S3 = { receipts: 30 * KILLS_S3, kills: KILLS_S3 };

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'catalogue-race-store-'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

describe('three compactors of a day that are killed again and again', () => {
  it('leave one row for each receipt in a directory, and no reader sees a row twice or a torn file', async () => {
    expectSound(await raceCompactors(`file:${folder}`, {}, AT_ALL), AT_ALL, 'a directory');
  });

  it('do so in S3, too', async () => {
    const s3 = await startS3({ dir: folder, buckets: ['catalogue-race'] });
    try {
      for (const [name, value] of Object.entries(s3.environment())) vi.stubEnv(name, value);
      expectSound(await raceCompactors('s3://catalogue-race/some', {}, IN_S3), IN_S3, 'S3 (simulated)');
    } finally {
      await s3.close();
    }
  });
});
