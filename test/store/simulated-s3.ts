import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type S3Endpoint, startS3 } from '../../packages/simulator/src/s3/s3.ts';
import { type S3UnderTest, useS3 } from './s3-under-test.ts';

export interface SimulatedS3 extends S3UnderTest {
  readonly server: S3Endpoint;
}

/** A store on the simulator's S3 endpoint, whose clean-up is that of both. */
export async function useSimulatedS3(): Promise<SimulatedS3> {
  const dir = await mkdtemp(path.join(tmpdir(), 's3-store-'));
  const bucket = 'archive-bucket';
  const server = await startS3({ dir, buckets: [bucket] });
  const { AWS_ACCESS_KEY_ID = '', AWS_SECRET_ACCESS_KEY = '', AWS_REGION = '' } = server.environment();
  const subject = await useS3({
    endpoint: server.url,
    credentials: { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY },
    region: AWS_REGION,
    bucket,
  });
  return {
    ...subject,
    server,
    leftovers: async () => server.openUploads(),
    async close() {
      await subject.close();
      await server.close();
      await rm(dir, { recursive: true });
    },
  };
}
