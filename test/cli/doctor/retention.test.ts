import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type S3Endpoint, startS3 } from '../../../packages/simulator/src/s3/s3.ts';
import type { CommandContext } from '../../../src/cli/_context.ts';
import { checkRetention } from '../../../src/cli/doctor/retention.ts';
import { systemClock, unlimited } from '../../../src/clock.ts';
import { loadConfig } from '../../../src/config/config.ts';
import { silentLogger } from '../../../src/log.ts';

const BUCKETS = { plain: 'without-lock', locked: 'with-lock' };

describe('doctor', () => {
  let dir: string;
  let server: S3Endpoint;

  beforeAll(async () => {
    dir = await mkdtemp(path.join(tmpdir(), 'doctor-retention-'));
    server = await startS3({ dir, buckets: [BUCKETS.plain], lockedBuckets: [BUCKETS.locked] });
    vi.stubEnv('AWS_ENDPOINT_URL_S3', server.url);
    vi.stubEnv('AWS_REGION', 'us-east-1');
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'simulator');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'simulator-secret-key');
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await server.close();
    await rm(dir, { recursive: true });
  });

  const check = (bucket: string, more: object) => {
    const env = { ARCHIVE_STORE: bucket.includes(':') ? bucket : `s3://${bucket}`, S3_FORCE_PATH_STYLE: '1' };
    const context = { clock: systemClock, logger: silentLogger } as CommandContext;
    return checkRetention(context, { ...loadConfig({ env }, 'store'), ...more }, unlimited);
  };
  const locks = { retentionAtWrite: { by: 'compliance' as const, days: { audio: 30 } } };

  it('says whether the bucket can keep what every write asks for', async () => {
    expect(await check(BUCKETS.locked, locks)).toMatchObject({
      status: 'ok',
      detail: expect.stringContaining('audio 30 d') as unknown,
    });
    expect(await check(BUCKETS.plain, locks)).toMatchObject({ status: 'fail', code: 'CONFIG_INVALID' });
    const tags = { retentionAtWrite: { by: 'tags' as const, days: { audio: 30 } } };
    expect(await check(BUCKETS.plain, tags)).toMatchObject({ status: 'ok' });
    expect(await check(`file:${dir}`, locks)).toMatchObject({ status: 'warn' });
    expect(await check(BUCKETS.plain, {})).toBeUndefined();
  });

  it('reads the retention file, and says in which line it is wrong', async () => {
    const retentionFile = path.join(dir, 'retention.json');
    await writeFile(retentionFile, '{\n"by": 1\n}');
    expect(await check(BUCKETS.plain, { retentionFile })).toMatchObject({
      status: 'fail',
      code: 'RETENTION_FILE_INVALID',
      detail: expect.stringContaining('line 2: by is none of') as unknown,
    });
  });
});
