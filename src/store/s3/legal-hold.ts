import { PutObjectLegalHoldCommand } from '@aws-sdk/client-s3';
import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import type { LegalHoldResult } from '../../ports.ts';
import { assertObjectKey } from '../object-rules.ts';
import { callS3, type S3Access } from './call.ts';

/**
 * S3 Object Lock's legal hold of the object's current version. Setting what is set already is success.
 *
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectLegalHold.html: a bucket that was made without Object Lock answers
 * `InvalidRequest`.
 *
 * @throws `STORE_*` errors; `STORE_DENIED` where `s3:PutObjectLegalHold` is not granted.
 */
export async function putLegalHold(
  access: S3Access,
  key: string,
  on: boolean,
  budget: Budget,
): Promise<LegalHoldResult> {
  assertObjectKey(key);
  const reply = await callS3(access, 'PUT legal hold', budget, async (send): Promise<LegalHoldResult> => {
    try {
      await access.client.send(
        new PutObjectLegalHoldCommand({
          ...access.bucket,
          Key: access.prefix + key,
          LegalHold: { Status: on ? 'ON' : 'OFF' },
          ChecksumAlgorithm: 'SHA256',
        }),
        send,
      );
      return 'set';
    } catch (error) {
      if (error instanceof Error && error.name === 'InvalidRequest') return 'unsupported';
      throw error;
    }
  });
  if (reply.ok) return reply.value;
  if (reply.refusal === 'not-found') return 'absent';
  throw new ArchiveError('STORE_UNAVAILABLE', `PUT legal hold: ${reply.refusal}`, { details: { key } });
}
