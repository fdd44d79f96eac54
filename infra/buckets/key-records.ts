import { Duration } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { GUARDED, logAccesses } from './guarded.ts';
import type { ReplicaSettings } from './replica-settings.ts';
import { replicateTo } from './replication.ts';

/** Days that replaced and removed records can be brought back: a mistake is found by then, and what is erased is gone after them at the latest. */
const NONCURRENT_DAYS = 7;

export interface KeyRecordsSettings {
  /** Gets a copy of every record; without Object Lock, or nothing could be erased there. @default none */
  readonly replica?: ReplicaSettings | undefined;
}

/**
 * The bucket of key records (`ARCHIVE_KEY_RECORDS`): versioned, and never locked, so that a data key can be destroyed while its recording
 * is under a lock.
 */
export function createKeyRecordsBucket(
  scope: Construct,
  id: string,
  logs: s3.Bucket,
  { replica }: KeyRecordsSettings,
): s3.Bucket {
  const bucket = new s3.Bucket(scope, id, {
    ...GUARDED,
    versioned: true,
    lifecycleRules: [
      {
        abortIncompleteMultipartUploadAfter: Duration.days(1),
        noncurrentVersionExpiration: Duration.days(NONCURRENT_DAYS),
      },
      { expiredObjectDeleteMarker: true },
    ],
  });
  logAccesses(bucket, logs, 'keys');
  replicateTo(scope, 'KeyReplicator', bucket, replica);
  return bucket;
}
