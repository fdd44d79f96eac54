import { Duration } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { GUARDED, logAccesses } from './guarded.ts';

/** Days that replaced and removed objects are kept: erased data must not outlive that, and a mistake can be undone until then. */
const NONCURRENT_DAYS = 1;

/** Days that the files of a job are kept, counted from when each was written. */
const JOB_DAYS = 180;

/**
 * The bucket of facts, catalogue and jobs (`ARCHIVE_CATALOGUE`): what is replaced whole, or ends by itself. The archive's own bucket
 * refuses replacements, and a retention there would keep every version of them.
 */
export function createCatalogueBucket(scope: Construct, id: string, logs: s3.Bucket): s3.Bucket {
  const bucket = new s3.Bucket(scope, id, {
    ...GUARDED,
    versioned: true,
    lifecycleRules: [
      {
        abortIncompleteMultipartUploadAfter: Duration.days(1),
        noncurrentVersionExpiration: Duration.days(NONCURRENT_DAYS),
      },
      { expiredObjectDeleteMarker: true },
      { prefix: 'jobs/', expiration: Duration.days(JOB_DAYS) },
    ],
  });
  logAccesses(bucket, logs, 'catalogue');
  return bucket;
}
