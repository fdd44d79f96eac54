import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { REPLICA } from './hardened.ts';
import {
  MAX_INSTRUCTION_BYTES,
  propertiesOf,
  resourceOf,
  resourcesOf,
  SMALLEST,
  type Synthesised,
  synthesiseSettings,
} from './synthesise.ts';

let made: Synthesised;
beforeAll(() => {
  const objectLock = { mode: 'compliance', days: 3650 } as const;
  made = synthesiseSettings({ ...MAX_INSTRUCTION_BYTES, objectLock, keyRecords: { replica: REPLICA } });
});
afterAll(() => made.end());

describe('the bucket of key records', () => {
  it('keeps versions for seven days, has no lock, and stays when the stack is deleted', () => {
    const [, bucket] = resourceOf(made.template, 'AWS::S3::Bucket', 'KeyRecords');
    expect(bucket.Properties).toMatchObject({ VersioningConfiguration: { Status: 'Enabled' } });
    expect(bucket.Properties).not.toHaveProperty('ObjectLockEnabled');
    expect(bucket.Properties).not.toHaveProperty('ObjectLockConfiguration');
    expect(JSON.stringify(bucket.Properties['LifecycleConfiguration'])).toContain(
      '"NoncurrentVersionExpiration":{"NoncurrentDays":7}',
    );
    expect([bucket.DeletionPolicy, bucket.UpdateReplacePolicy]).toEqual(['Retain', 'Retain']);
  });

  it('is copied to the replica that is named, without deletions', () => {
    const { ReplicationConfiguration } = propertiesOf(made.template, 'AWS::S3::Bucket', 'KeyRecords');
    expect(ReplicationConfiguration).toMatchObject({
      Rules: [
        {
          Status: 'Enabled',
          DeleteMarkerReplication: { Status: 'Disabled' },
          Destination: { Bucket: REPLICA.bucketArn, Account: REPLICA.account },
        },
      ],
    });
  });

  it('is what the function writes its data keys to', () => {
    const [id] = resourceOf(made.template, 'AWS::S3::Bucket', 'KeyRecords');
    const functions = resourcesOf(made.template, 'AWS::Lambda::Function').map(
      ([, { Properties }]) =>
        (Properties['Environment'] as { Variables?: Record<string, string> })?.Variables,
    );
    const archiving = functions.filter((variables) => variables?.['ARCHIVE_KMS_KEY_ID'] !== undefined);
    expect(archiving.length).toBeGreaterThan(0);
    for (const variables of archiving) {
      expect(variables).toMatchObject({
        ARCHIVE_KEY_PLACEMENT: 'records',
        ARCHIVE_KEY_RECORDS: `s3://${id}`,
      });
    }
    expect(made.template.outputs['KeyRecordsBucketName']).toBe(id);
  });

  it('is not there unless it is asked for', () => {
    const without = synthesiseSettings(SMALLEST);
    const buckets = resourcesOf(without.template, 'AWS::S3::Bucket').map(([id]) => id);
    without.end();
    expect(buckets.filter((id) => id.includes('KeyRecords'))).toEqual([]);
    expect(without.template.outputs).not.toHaveProperty('KeyRecordsBucketName');
  });
});
