import type * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { ArchiveBucket, type ObjectLockSettings } from './archive.ts';
import { createCatalogueBucket } from './catalogue.ts';
import type { ArchiveConditions } from '../conditions.ts';
import { createAccessLogs } from './guarded.ts';
import type { HardeningProps } from '../props/hardening.ts';
import { createKeyRecordsBucket, type KeyRecordsSettings } from './key-records.ts';
import { MEDIA_FOLDER, mediaFolderOf } from '../access/policies.ts';
import { present } from '../../src/present.ts';
import { logKeys } from '../../src/proof/formats/log-keys.ts';
import type { RetentionSettings } from '../../src/config/deploy/settings.ts';
import { replicate } from './replication.ts';

/** An archive of another stack in the same bucket. */
export interface SharingArchive {
  /** Its `prefix`. */
  readonly prefix: string;
  /** ARN of its role that moves data keys. @default none: it cannot rewrap what is in the bucket */
  readonly rewrapRole?: string | undefined;
  /** ARN of the role of its function that seals. @default none: it has no log */
  readonly sealRole?: string | undefined;
  /** Its `organizationId`. @default none: what its sealer keeps of a day that takes several runs does not expire */
  readonly organizationId?: string | undefined;
}

export interface HomeProps extends Pick<HardeningProps, 'protectObjects' | 'breakGlassRole' | 'replica'> {
  readonly organizationId: string;
  /** Nothing can be removed before its time. @default none; it can be set later, and never be taken from what is stored by then */
  readonly objectLock?: ObjectLockSettings;
  /**
   * Where recordings are kept when they get older. `intelligent-tiering` moves what is not read to cheaper tiers and charges
   * nothing for reading; `glacier-instant-retrieval`, after 30 days, is cheaper still and charges for every byte that `restore` or
   * `verify` reads. @default 'intelligent-tiering'
   */
  readonly tiering?: 'intelligent-tiering' | 'glacier-instant-retrieval' | 'none';
  /** The bucket refuses every write that could replace an object. @default true */
  readonly requireConditionalWrites?: boolean;
  /** What all keys begin with in a bucket that is shared, without a slash at its end. @default none: the bucket is the archive's alone */
  readonly prefix?: string;
  /** Name of the bucket of another stack, which is used instead of one of its own. @default none */
  readonly existingBucket?: string;
  /** Archives of other stacks in the bucket of this one. @default none */
  readonly sharedWith?: readonly SharingArchive[];
  /** Data keys are kept in records, in a bucket of their own, so that recordings can be erased under a lock. @default false */
  readonly keyRecords?: boolean | KeyRecordsSettings;
  /** Rules of how long recordings stay, as `genesys-archive retain rules` prints them. @default none */
  readonly retention?: Partial<RetentionSettings>;
  readonly environmentVariables?: Readonly<Record<string, string>>;
  readonly conditions?: ArchiveConditions;
}

/** Where an archive is kept. */
export interface ArchiveHome {
  readonly bucket: s3.IBucket;
  /** Of facts, catalogue and jobs. */
  readonly catalogueBucket: s3.Bucket;
  /** Of key records, where there are any. */
  readonly keyRecordsBucket: s3.Bucket | undefined;
  /** What all keys begin with: nothing, or a prefix with its slash. */
  readonly keyPrefix: string;
  /** Variables that say where the archive is. */
  readonly variables: Readonly<Record<string, string>>;
}

export interface HomeRoles {
  /** Exchange an object that they have just read. */
  readonly replacers: readonly iam.IRole[];
  /** Apply the rules of retention. */
  readonly taggers: readonly iam.IRole[];
  /** Remove what they have released from quarantine. */
  readonly releasers: readonly iam.IRole[];
  /** Remove what is erased. */
  readonly erasers: readonly iam.IRole[];
}

/**
 * Makes the buckets, or takes the one that another stack has made.
 *
 * @param roles that the policy of the bucket makes exceptions for.
 */
export function createHome(
  scope: Construct,
  props: HomeProps,
  { replacers, taggers, releasers, erasers }: HomeRoles,
): ArchiveHome {
  const { prefix, existingBucket, sharedWith = [], environmentVariables = {} } = props;
  refuseTwoLocks(props);
  refuseLockedQuarantine(props);
  const keyPrefix = prefix === undefined ? '' : `${prefix}/`;
  const mediaFolder = mediaFolderOf(props.organizationId, environmentVariables);
  const { bucket, logs } =
    existingBucket === undefined
      ? createOwnBucket(scope, props, {
          mediaPrefixes: [
            `${keyPrefix}${mediaFolder}/`,
            ...sharedWith.map((other) => `${other.prefix}/${MEDIA_FOLDER}/`),
          ],
          countingPrefixes: [
            `${keyPrefix}${logKeys(props.organizationId).counting}`,
            ...sharedWith.flatMap(({ prefix: other, organizationId }) =>
              organizationId === undefined ? [] : `${other}/${logKeys(organizationId).counting}`,
            ),
          ],
          taggers: taggers.map(({ roleArn }) => roleArn),
          releasers: releasers.map(({ roleArn }) => roleArn),
          erasers: erasers.map(({ roleArn }) => roleArn),
          replacers: [
            ...replacers.map(({ roleArn }) => roleArn),
            ...sharedWith.flatMap(({ rewrapRole, sealRole }) => [rewrapRole ?? [], sealRole ?? []].flat()),
          ],
        })
      : {
          bucket: s3.Bucket.fromBucketName(scope, 'Bucket', existingBucket),
          logs: createAccessLogs(scope, 'AccessLogs'),
        };
  const { keyRecords = false } = props;
  const keyRecordsBucket =
    keyRecords === false
      ? undefined
      : createKeyRecordsBucket(scope, 'KeyRecords', logs, keyRecords === true ? {} : keyRecords);
  return {
    bucket,
    keyRecordsBucket,
    catalogueBucket: createCatalogueBucket(scope, 'Catalogue', logs),
    keyPrefix,
    variables: {
      ...(prefix === undefined
        ? { S3_ARCHIVE_BUCKET: bucket.bucketName }
        : { ARCHIVE_STORE: `s3://${bucket.bucketName}/${prefix}` }),
      ...present({
        ARCHIVE_KEY_PLACEMENT: keyRecordsBucket && 'records',
        ARCHIVE_KEY_RECORDS: keyRecordsBucket && `s3://${keyRecordsBucket.bucketName}`,
        ARCHIVE_RETENTION_AT_WRITE: props.retention?.atWrite,
      }),
    },
  };
}

/** What a write says goes before a default, also where it is shorter. */
function refuseTwoLocks({ objectLock, retention }: HomeProps): void {
  if (objectLock !== undefined && retention?.atWrite !== undefined)
    throw new Error(
      'objectLock and retention.atWrite: what the write says goes before the default; leave one out',
    );
}

/** The function refuses it as well, at the first recording. */
function refuseLockedQuarantine({ objectLock, environmentVariables = {} }: HomeProps): void {
  if (objectLock !== undefined && environmentVariables['ARCHIVE_QUARANTINE'] !== undefined)
    throw new Error(
      'objectLock and ARCHIVE_QUARANTINE: the bucket would lock what waits in quarantine; lock by retention.atWrite instead',
    );
}

function createOwnBucket(
  scope: Construct,
  props: HomeProps,
  shared: {
    readonly mediaPrefixes: readonly string[];
    readonly countingPrefixes: readonly string[];
    readonly replacers: readonly string[];
    readonly taggers: readonly string[];
    readonly releasers: readonly string[];
    readonly erasers: readonly string[];
  },
): { readonly bucket: s3.IBucket; readonly logs: s3.Bucket } {
  const { bucket, logs } = new ArchiveBucket(scope, 'Bucket', {
    ...shared,
    objectLock: props.objectLock,
    objectLockCondition: props.conditions?.objectLock,
    tiering: props.tiering ?? 'intelligent-tiering',
    requireConditionalWrites: props.requireConditionalWrites ?? true,
    protectObjects: props.protectObjects ?? true,
    breakGlassRole: props.breakGlassRole,
    keyPrefix: props.prefix === undefined ? '' : `${props.prefix}/`,
    removeAfterDays: props.retention?.removeAfterDays ?? [],
    taggers: [...(props.retention?.taggers ?? []), ...shared.taggers, ...shared.replacers],
  });
  replicate(scope, bucket, props.replica);
  return { bucket: bucket as s3.IBucket, logs };
}
