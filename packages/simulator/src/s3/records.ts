import type { Checksum, ChecksumAlgorithm } from './checksum.ts';
import type { Segment } from './files.ts';

/** S3 Object Lock: how long a version cannot be removed. */
export interface ObjectLock {
  readonly retention?: {
    readonly mode: 'GOVERNANCE' | 'COMPLIANCE' /** Epoch ms. */;
    readonly until: number;
  };
}

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
  /** In a bucket with versions. */
  readonly versionId?: string;
  /** S3 Object Lock: while it is on, the object cannot be removed. */
  readonly legalHold?: boolean;
  readonly retention?: NonNullable<ObjectLock['retention']>;
  readonly tags?: Readonly<Record<string, string>>;
  /** The multipart upload it came from: after a crash between commit and clean-up, that upload is over. */
  readonly uploadId?: string;
}

export interface UploadRecord extends ObjectDescription, ObjectLock {
  readonly uploadId: string;
  readonly key: string;
  readonly initiated: number;
  readonly tags?: Readonly<Record<string, string>>;
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
