export interface ReplicaSettings {
  /** Versioned, and with Object Lock: the archive has it. Its account lets the role in by the policy of the bucket. */
  readonly bucketArn: string;
  /** Of the bucket, where it is another one; the copies then belong to it. */
  readonly account?: string | undefined;
}
