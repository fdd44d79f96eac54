import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { SimulatorError } from '../simulator-error.ts';
import { Bucket } from './bucket.ts';

/** @throws SimulatorError for a bucket name S3 would not accept. */
export async function openBuckets(options: {
  readonly dir: string;
  readonly buckets: readonly string[];
  readonly lockedBuckets?: readonly string[];
  readonly versionedBuckets?: readonly string[];
  readonly defaultLockDays?: number;
}): Promise<ReadonlyMap<string, Bucket>> {
  const buckets = new Map<string, Bucket>();
  const { lockedBuckets = [], versionedBuckets = [] } = options;
  for (const name of new Set([...options.buckets, ...lockedBuckets, ...versionedBuckets])) {
    // https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
    if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name)) {
      throw new SimulatorError(`not a valid bucket name: ${JSON.stringify(name)}`);
    }
    const directory = path.join(options.dir, name);
    await mkdir(directory, { recursive: true });
    const kind = {
      hasObjectLock: lockedBuckets.includes(name),
      isVersioned: versionedBuckets.includes(name),
      defaultDays: lockedBuckets.includes(name) ? options.defaultLockDays : undefined,
    };
    buckets.set(name, await Bucket.open(directory, kind));
  }
  return buckets;
}
