import type { BrokenListing } from './broken-listing.ts';
import type { Bucket } from './bucket.ts';
import type { ObjectRecord } from './records.ts';
import type { S3Operation } from './call.ts';
import { compositeChecksum, createChecksum } from './checksum.ts';
import type { S3ErrorCode } from './refusal.ts';

/** One thing that goes wrong with one request. */
export type S3Fault =
  /**
   * An error answer instead of the work, e.g. `SlowDown`. `inside200` sends it with status 200, as S3 does when a
   * CompleteMultipartUpload fails after it has begun to answer.
   */
  | {
      readonly kind: 'error';
      readonly code: S3ErrorCode;
      /** Seconds, sent as `Retry-After`. */
      readonly retryAfter?: number;
      readonly inside200?: boolean;
      /** Besides those of every answer, e.g. `x-amz-bucket-region`. */
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** TCP RST after that many bytes of the request's body (default 0), before the work is done. */
  | { readonly kind: 'reset'; readonly afterBytes?: number }
  /** The work is done, and the connection reset instead of an answer: the client cannot know. */
  | { readonly kind: 'lost-answer' }
  /** Of GetObject: the connection ends, or goes silent, after that many bytes of the body. */
  | { readonly kind: 'cut'; readonly afterBytes: number; readonly silent?: boolean }
  /** Of PutObject and CompleteMultipartUpload: answers success and then keeps something else than was sent. */
  | { readonly kind: 'corrupt'; readonly how: Corruption }
  /** Of ListObjectsV2 and ListMultipartUploads: success, and something else than a listing of what was asked for. */
  | { readonly kind: 'listing'; readonly how: BrokenListing }
  /** Milliseconds before the work begins. */
  | { readonly kind: 'slow'; readonly delayMs: number };

/**
 * `bit`: one bit of the body differs, and the checksum is that of what is stored. `rot`: the same, under the old checksum, so
 * that only reading the body tells. `truncated`: the last byte is missing. `metadata`: the user metadata are gone.
 */
export type Corruption = 'bit' | 'rot' | 'truncated' | 'metadata';

export interface S3FaultRule {
  readonly fault: S3Fault;
  /** Default: every operation that the kind of fault can strike. */
  readonly operation?: S3Operation;
  /** Only this key, or keys that match; default every request. */
  readonly key?: string | RegExp;
  /** How often the fault strikes; default 1, `Infinity` for always. */
  readonly times?: number;
  /** Lets that many matching requests pass first; default 0. */
  readonly skip?: number;
}

export interface FaultTarget {
  readonly operation: S3Operation;
  readonly key: string;
}

const STRIKES: Readonly<Partial<Record<S3Fault['kind'], readonly S3Operation[]>>> = {
  cut: ['GetObject'],
  corrupt: ['PutObject', 'CompleteMultipartUpload'],
  listing: ['ListObjectsV2', 'ListMultipartUploads'],
};

function applies({ fault, operation, key }: S3FaultRule, target: FaultTarget): boolean {
  if (operation !== undefined && operation !== target.operation) return false;
  if (STRIKES[fault.kind]?.includes(target.operation) === false) return false;
  if (key === undefined) return true;
  return typeof key === 'string' ? key === target.key : target.key.search(key) >= 0;
}

/** Faults waiting to strike, tried in the order they were added; at most one strikes a request. */
export class S3Faults {
  #armed: { readonly rule: S3FaultRule; seen: number; left: number }[] = [];

  add(rule: S3FaultRule): void {
    this.#armed.push({ rule, seen: 0, left: rule.times ?? 1 });
  }

  clear(): void {
    this.#armed = [];
  }

  take(target: FaultTarget): S3Fault | undefined {
    for (const armed of this.#armed) {
      if (armed.left <= 0 || !applies(armed.rule, target)) continue;
      armed.seen += 1;
      if (armed.seen <= (armed.rule.skip ?? 0)) continue;
      armed.left -= 1;
      return armed.rule.fault;
    }
    return undefined;
  }
}

/** `chunks` with the last bit flipped, or without the last byte. */
async function* damage(
  chunks: AsyncIterable<Uint8Array>,
  size: number,
  how: Corruption,
): AsyncGenerator<Uint8Array> {
  let passed = 0;
  for await (const chunk of chunks) {
    passed += chunk.length;
    if (passed < size) yield chunk;
    else if (how === 'truncated') yield chunk.subarray(0, -1);
    else {
      const changed = Uint8Array.from(chunk);
      changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
      yield changed;
    }
  }
}

/** Replaces a stored object by a damaged one; an empty object can only lose its metadata. */
export async function corruptObject(bucket: Bucket, key: string, how: Corruption): Promise<void> {
  const record = bucket.object(key);
  if (record === undefined) return;
  if (how === 'metadata') {
    await bucket.commit({ ...record, metadata: {} }, false);
    return;
  }
  const last = record.segments.at(-1);
  if (last === undefined || last.size === 0) return;
  const { checksum } = record;
  const hasher = checksum === undefined ? undefined : createChecksum(checksum.algorithm);
  const source = bucket.read(record, record.size - last.size, record.size - 1);
  const hashed = (async function* () {
    for await (const chunk of damage(source, last.size, how)) {
      hasher?.update(chunk);
      yield chunk;
    }
  })();
  const segment = await bucket.store(hashed);
  const digest = hasher?.digest().toString('base64');
  const kept = how === 'rot' || digest === undefined;
  const segments = [
    ...record.segments.slice(0, -1),
    { ...segment, ...(kept ? { checksum: last.checksum ?? '' } : { checksum: digest }) },
  ];
  const changed: ObjectRecord = { ...record, size: record.size - last.size + segment.size, segments };
  if (checksum === undefined || kept) {
    await bucket.commit(changed, false);
    return;
  }
  const value =
    checksum.type === 'COMPOSITE'
      ? compositeChecksum(
          checksum.algorithm,
          segments.map((part) => part.checksum ?? ''),
        )
      : digest;
  await bucket.commit({ ...changed, checksum: { ...checksum, value } }, false);
}
