/** What a bucket does with new objects by itself. */
import { GetObjectLockConfigurationCommand } from '@aws-sdk/client-s3';
import type { Budget } from '../../clock.ts';
import type { BucketLock } from '../../ports.ts';
import { callS3, type S3Access } from './call.ts';

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectLockConfiguration.html */
export async function readBucketLock(access: S3Access, budget: Budget): Promise<BucketLock> {
  const without: BucketLock = { lock: 'none', defaultDays: undefined };
  const reply = await callS3(access, 'GET object lock', budget, async (send): Promise<BucketLock> => {
    try {
      const { ObjectLockConfiguration: found } = await access.client.send(
        new GetObjectLockConfigurationCommand(access.bucket),
        send,
      );
      if (found?.ObjectLockEnabled !== 'Enabled') return without;
      const { Days, Years } = found.Rule?.DefaultRetention ?? {};
      return { lock: 'enabled', defaultDays: Days ?? (Years === undefined ? undefined : Years * 365) };
    } catch (error) {
      if (error instanceof Error && error.name === 'ObjectLockConfigurationNotFoundError') return without;
      throw error;
    }
  });
  return reply.ok ? reply.value : without;
}
