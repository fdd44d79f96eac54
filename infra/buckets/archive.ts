import { type CfnCondition, Duration, Stack, Token } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { COUNTED_DAYS } from '../../src/proof/formats/log-keys.ts';
import { when } from '../conditions.ts';
import { createAccessLogs, GUARDED, logAccesses } from './guarded.ts';
import { quarantinedObjects } from '../access/release-policies.ts';

export interface ObjectLockSettings {
  /**
   * `governance`: who has `s3:BypassGovernanceRetention` can still remove an object. `compliance`: no user can, not even the root of
   * the account, until its time is over.
   */
  readonly mode: 'governance' | 'compliance';
  /** Counted from the moment each object is stored. */
  readonly days: number;
}

export interface ArchiveBucketProps {
  readonly objectLock?: ObjectLockSettings | undefined;
  readonly tiering: 'intelligent-tiering' | 'glacier-instant-retrieval' | 'none';
  readonly requireConditionalWrites: boolean;
  /** What the keys of media begin with, of every archive in the bucket. */
  readonly mediaPrefixes: readonly string[];
  /** Below which sealers keep what they have counted of a day that takes several runs, of every archive in the bucket. */
  readonly countingPrefixes: readonly string[];
  /** ARNs of the roles that exchange an object that they have just read; their own policies say which. */
  readonly replacers: readonly string[];
  /** Only `breakGlassRole` deletes, unlocks or, with conditional writes, overwrites. */
  readonly protectObjects: boolean;
  /** ARN. */
  readonly breakGlassRole?: string | undefined;
  readonly objectLockCondition?: CfnCondition | undefined;
  /** Days of the tags that lifecycle rules read. */
  readonly removeAfterDays: readonly number[];
  /** ARNs of the roles that may tag what is stored, where lifecycle rules read tags. */
  readonly taggers: readonly string[];
  /** ARNs of the roles that remove what they have released from quarantine. */
  readonly releasers: readonly string[];
  /** ARNs of the roles that erase. */
  readonly erasers: readonly string[];
  /** What all keys begin with, with its slash. */
  readonly keyPrefix: string;
}

/** The archive, and the bucket of its access logs. Both stay when the stack is deleted. */
export class ArchiveBucket extends Construct {
  readonly bucket: s3.Bucket;
  readonly logs: s3.Bucket;

  constructor(scope: Construct, id: string, props: ArchiveBucketProps) {
    super(scope, id);
    this.logs = createAccessLogs(this, 'AccessLogs');
    this.bucket = new s3.Bucket(this, 'Objects', {
      ...GUARDED,
      versioned: true,
      // Without a default retention it does nothing. It is always on because CloudFormation replaces a bucket to turn it on.
      objectLockEnabled: true,
      lifecycleRules: [
        { abortIncompleteMultipartUploadAfter: Duration.days(1) },
        ...tieringRules(props),
        ...countingRules(props),
        ...removalRules(props),
      ],
    });
    logAccesses(this.bucket, this.logs, 'archive');
    if (props.objectLock !== undefined) this.#lock(props.objectLock, props.objectLockCondition);
    const breakGlass = props.breakGlassRole ?? `arn:${Stack.of(this).partition}:${NO_ROLE_RESOURCE}`;
    if (props.requireConditionalWrites) this.#denyOverwriting(props.replacers, breakGlass);
    if (props.protectObjects) this.#denyRemoving(breakGlass, props);
    if (props.removeAfterDays.length > 0) this.#denyTagging([...props.taggers, breakGlass]);
  }

  #lock({ mode, days }: ObjectLockSettings, condition: CfnCondition | undefined): void {
    // as CloudFormation names it: CDK does not translate what stands under a condition
    this.#element.addPropertyOverride('ObjectLockConfiguration', {
      ObjectLockEnabled: 'Enabled',
      Rule: when(condition, {
        DefaultRetention: { Mode: Token.isUnresolved(mode) ? mode : mode.toUpperCase(), Days: days },
      }),
    });
  }

  /**
   * Writers write only what is absent. `s3:ObjectCreationOperation` is false for `CreateMultipartUpload` and `UploadPart`,
   * which take no condition; the completion, which makes the object, does.
   * https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html
   */
  #denyOverwriting(replacers: readonly string[], breakGlass: string): void {
    const deny = (sid: string, absent: readonly string[], principal: Record<string, unknown>) =>
      this.bucket.addToResourcePolicy(
        new iam.PolicyStatement({
          sid,
          effect: iam.Effect.DENY,
          principals: [new iam.AnyPrincipal()],
          actions: ['s3:PutObject'],
          resources: [this.bucket.arnForObjects('*')],
          conditions: {
            Null: Object.fromEntries(absent.map((key) => [key, 'true'])),
            Bool: { 's3:ObjectCreationOperation': 'true' },
            ...principal,
          },
        }),
      );
    const replacing = { 'aws:PrincipalArn': oneOrMore(replacers) };
    deny('DenyOverwriting', ['s3:if-none-match'], {
      ArnNotEquals: { 'aws:PrincipalArn': [...replacers, breakGlass] },
    });
    // It exchanges an instruction file that it has just read (If-Match), or copies an object onto itself with new metadata.
    deny('DenyBlindOverwriting', ['s3:if-none-match', 's3:if-match', 's3:x-amz-copy-source'], {
      ArnEquals: replacing,
    });
  }

  /**
   * Administrators of the account included; they can still change this policy, which CloudTrail records. Without the bypass, a retention
   * in governance mode cannot be shortened or lifted; it can be lengthened. Lifecycle rules and aborts of uploads are not affected, but
   * only CloudFormation changes the rules.
   */
  #denyRemoving(
    breakGlass: string,
    { releasers, erasers, keyPrefix }: Pick<ArchiveBucketProps, 'releasers' | 'erasers' | 'keyPrefix'>,
  ): void {
    const { account, partition } = Stack.of(this);
    const deny = (
      sid: string,
      actions: readonly string[],
      on: { readonly resources: string[] } | { readonly notResources: string[] },
      conditions: Record<string, object>,
    ) =>
      this.bucket.addToResourcePolicy(
        new iam.PolicyStatement({
          sid,
          effect: iam.Effect.DENY,
          principals: [new iam.AnyPrincipal()],
          actions: [...actions],
          ...on,
          conditions,
        }),
      );
    const all = { resources: [this.bucket.arnForObjects('*')] };
    const allBut = (...roles: readonly string[]) => ({
      ArnNotEquals: { 'aws:PrincipalArn': [breakGlass, ...roles] },
    });
    const waiting = releasers.length === 0 ? [] : quarantinedObjects(`${this.bucket.bucketArn}/${keyPrefix}`);
    deny(
      'DenyRemoving',
      REMOVALS,
      waiting.length === 0 ? all : { notResources: [...waiting] },
      allBut(...erasers),
    );
    if (waiting.length > 0) {
      const inQuarantine = { resources: [...waiting] };
      deny('DenyRemovingFromQuarantine', REMOVALS, inQuarantine, allBut(...erasers, ...releasers));
    }
    // what a lock keeps is removed by break-glass alone
    if (waiting.length + erasers.length > 0) deny('DenyBypassing', [BYPASS], all, allBut());
    const cdk = `arn:${partition}:iam::${account}:role/cdk-*-cfn-exec-role-*`;
    deny(
      'DenyLoosening',
      LOOSENINGS,
      { resources: [this.bucket.bucketArn] },
      {
        ArnNotLike: { 'aws:PrincipalArn': [breakGlass, cdk] },
        'ForAllValues:StringNotEquals': { 'aws:CalledVia': ['cloudformation.amazonaws.com'] },
      },
    );
  }

  /** A tag has an object removed: only who applies the rules of retention sets one. */
  #denyTagging(taggers: readonly string[]): void {
    this.bucket.addToResourcePolicy(
      new iam.PolicyStatement({
        sid: 'DenyTagging',
        effect: iam.Effect.DENY,
        principals: [new iam.AnyPrincipal()],
        actions: ['s3:PutObjectTagging', 's3:PutObjectVersionTagging'],
        resources: [this.bucket.arnForObjects('*')],
        conditions: { ArnNotEquals: { 'aws:PrincipalArn': oneOrMore(taggers) } },
      }),
    );
  }

  get #element(): s3.CfnBucket {
    return this.bucket.node.defaultChild as s3.CfnBucket;
  }
}

/** As CloudFormation has it: a list of one is no list. */
function oneOrMore(values: readonly string[]): string | readonly string[] {
  const [only, ...others] = values;
  return only !== undefined && others.length === 0 ? only : values;
}

/** No role has an empty name. */
const NO_ROLE_RESOURCE = 'iam::000000000000:role/';
/** The default of a parameter, which cannot name the partition; in another one it stands for no role as well. */
export const NO_ROLE = `arn:aws:${NO_ROLE_RESOURCE}`;

const BYPASS = 's3:BypassGovernanceRetention';

const REMOVALS = [
  's3:DeleteObject',
  's3:DeleteObjectVersion',
  's3:DeleteObjectTagging',
  's3:DeleteObjectVersionTagging',
  BYPASS,
] as const;

/** Each of them can remove everything, or everything to come. */
const LOOSENINGS = [
  's3:PutLifecycleConfiguration',
  's3:PutBucketVersioning',
  's3:PutBucketObjectLockConfiguration',
  's3:DeleteBucket',
] as const;

function tieringRules({ tiering, mediaPrefixes }: ArchiveBucketProps): readonly s3.LifecycleRule[] {
  return tiering === 'none' ? [] : mediaPrefixes.map((prefix) => ({ ...TIERING[tiering], prefix }));
}

/**
 * What was counted of a day holds ids of recordings. The sealer cannot remove it: its role removes nothing. The day more is for clocks,
 * and because S3 rounds up to midnight.
 */
function countingRules({ countingPrefixes }: ArchiveBucketProps): readonly s3.LifecycleRule[] {
  return countingPrefixes.map((prefix) => ({
    prefix,
    expiration: Duration.days(COUNTED_DAYS + 1),
    noncurrentVersionExpiration: Duration.days(1),
  }));
}

/** The tag of `record/keep-on-write.ts`. */
const REMOVAL_TAG = 'archive-remove-after-days';
/** Days for which what was removed can still be brought back. */
const NONCURRENT_DAYS = 30;

/** One for every value that a tag may have: a lifecycle rule cannot read a number. */
function removalRules({ removeAfterDays }: ArchiveBucketProps): readonly s3.LifecycleRule[] {
  return [...new Set(removeAfterDays)].map((days) => ({
    id: `remove-after-${days}-days`,
    tagFilters: { [REMOVAL_TAG]: String(days) },
    expiration: Duration.days(days),
    noncurrentVersionExpiration: Duration.days(NONCURRENT_DAYS),
  }));
}

/** Of recordings only: receipts, markers and claims are small, and read more often than they would be worth moving. */
const TIERING = {
  'intelligent-tiering': {
    transitions: [{ storageClass: s3.StorageClass.INTELLIGENT_TIERING, transitionAfter: Duration.days(0) }],
  },
  'glacier-instant-retrieval': {
    transitions: [
      { storageClass: s3.StorageClass.GLACIER_INSTANT_RETRIEVAL, transitionAfter: Duration.days(30) },
    ],
  },
} as const satisfies Record<string, s3.LifecycleRule>;
