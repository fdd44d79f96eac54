import type { AwsEndpointOptions } from '../aws/endpoint.ts';
import type { S3Operation } from './call.ts';
import type { FaultTarget, S3Fault } from './faults.ts';

export interface S3Options extends AwsEndpointOptions {
  /** Everything is kept below it and is there again after a restart. One server at a time. */
  readonly dir: string;
  /** Created when they do not exist. */
  readonly buckets: readonly string[];
  /** Created too, with Object Lock and so with versions: their objects may be put under a legal hold, or kept until a time. */
  readonly lockedBuckets?: readonly string[];
  /** Created too, with versions. */
  readonly versionedBuckets?: readonly string[];
  /** How long buckets with Object Lock keep each object by default; without it, only what asks for it is kept. */
  readonly defaultLockDays?: number;
  /** Called when a request has been answered or cut off. */
  readonly onRequest?: (request: S3Request) => void;
  /** Asked for every authenticated request that no rule of `faults` strikes. */
  readonly fault?: (request: FaultTarget) => S3Fault | undefined;
}

export interface S3Request {
  /** `undefined` for what the endpoint does not know. */
  readonly operation: S3Operation | undefined;
  readonly bucket: string;
  readonly key: string;
  /** 0 while it is being worked on, and permanently when no answer was sent. */
  readonly status: number;
}
