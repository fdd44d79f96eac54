/** Statements of IAM policies, and what stands in many of them. */

/** A statement of an IAM policy, https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_statement.html */
export interface Statement {
  readonly Sid: string;
  readonly Effect: 'Allow';
  readonly Action: readonly string[];
  /** ARNs; `*` at the end stands for anything. */
  readonly Resource: readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

/** Where an archive is. */
export interface ArchivePlace {
  readonly bucketArn: string;
  /** What its keys begin with, in a bucket that is shared. */
  readonly keyPrefix?: string;
}

/** What the ARNs of all objects of the archive begin with. */
export function rootOf({ bucketArn, keyPrefix = '' }: ArchivePlace): string {
  return `${bucketArn}/${keyPrefix}`;
}

/**
 * Lists the archive, and tells a missing object of it from a forbidden one: S3 takes the key that is asked for as `s3:prefix` then. In
 * a bucket that is shared, the names of other archives stay unknown.
 */
export function listing(
  sid: string,
  { bucketArn, keyPrefix = '' }: ArchivePlace,
  action: 's3:ListBucket' | 's3:ListBucketVersions' | 's3:ListBucketMultipartUploads' = 's3:ListBucket',
): Statement {
  const statement = allow(sid, [action], [bucketArn]);
  return keyPrefix === ''
    ? statement
    : { ...statement, Condition: { StringLike: { 's3:prefix': `${keyPrefix}*` } } };
}

export function allow(Sid: string, Action: readonly string[], Resource: readonly string[]): Statement {
  return { Sid, Effect: 'Allow', Action, Resource };
}
