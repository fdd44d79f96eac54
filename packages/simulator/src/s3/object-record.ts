import type { Checksum, ChecksumAlgorithm } from './checksum.ts';
import type { Segment } from './files.ts';

/** What a client says about an object besides its bytes. */
export interface ObjectDescription {
  /** User metadata, names without `x-amz-meta-`. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Content-Type, Cache-Control and the like, to be sent back as they came. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface ObjectRecord extends ObjectDescription {
  readonly key: string;
  readonly size: number;
  /** Without quotes. */
  readonly etag: string;
  /** Epoch ms. */
  readonly lastModified: number;
  readonly checksum?: Checksum & { readonly type: 'FULL_OBJECT' | 'COMPOSITE' };
  /** One file per part of a multipart upload: completing it copies nothing. */
  readonly segments: readonly (Segment & { readonly checksum?: string })[];
  /** S3 Object Lock: while it is on, the object cannot be removed. */
  readonly legalHold?: boolean;
  /** In a bucket that keeps versions. */
  readonly versionId?: string;
  /** The multipart upload it came from: after a crash between commit and clean-up, that upload is over. */
  readonly uploadId?: string;
}

export interface UploadRecord extends ObjectDescription {
  readonly uploadId: string;
  readonly key: string;
  readonly initiated: number;
  /** Every part must then carry this checksum. */
  readonly algorithm?: ChecksumAlgorithm;
}

export interface PartRecord {
  readonly uploadId: string;
  readonly partNumber: number;
  readonly etag: string;
  readonly lastModified: number;
  readonly segment: Segment;
  readonly checksum?: Checksum;
}

export interface OpenUpload {
  readonly record: UploadRecord;
  readonly parts: Map<number, PartRecord>;
}

/** What a bucket was made with. */
export interface BucketFeatures {
  readonly objectLock?: boolean;
  readonly versions?: boolean;
}

/** S3 lists in the order of the keys' UTF-8 bytes, which is not the order of JavaScript's UTF-16 strings. */
export const compareKeys = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));
