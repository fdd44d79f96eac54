import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createS3Client } from '../../src/store/s3/client.ts';

/** `npm run test:real-s3` starts a server; `RACE_KILLS_REAL` asks for more, with 30 receipts each. */
const { TEST_S3_ENDPOINT: endpoint } = process.env;
const KILLS = Number(process.env['RACE_KILLS_REAL'] ?? 5);
const SIZE = { receipts: 30 * KILLS, kills: KILLS };
const BUCKET = 'catalogue-race';

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('three compactors of a day that are killed again and again, on a real S3 server', () => {
  it(
    'leave one row for each receipt, and no reader sees a row twice or a torn file',
    async ({ skip }) => {
      if (endpoint === undefined) skip('TEST_S3_ENDPOINT names no server: npm run test:real-s3 starts one');
      const [{ raceCompactors }, { expectSound }] = await Promise.all([
        import('../slow/catalogue/race.ts'),
        import('../slow/catalogue/race-sound.ts'),
      ]);
      vi.stubEnv('AWS_ENDPOINT_URL_S3', endpoint ?? '');
      const client = createS3Client({ forcePathStyle: true });
      try {
        const made = await client.send(new CreateBucketCommand({ Bucket: BUCKET }));
        expect(made.$metadata.httpStatusCode).toBe(200);
      } finally {
        client.destroy();
      }
      const report = await raceCompactors(`s3://${BUCKET}/${Date.now()}`, {}, SIZE);
      expectSound(report, SIZE, 'S3 (radosgw)');
    },
    60_000 + KILLS * 20_000,
  );
});
