/** Where wrapped data keys are kept that are not on their objects: `docs/format.md`, section 4.2. */
import type { Budget } from '../clock.ts';
import type { RecordingIds } from './media.ts';
import type { ObjectSummary } from './store.ts';

/** The wrapped data key of one object. */
export interface KeyRecord {
  readonly ids: RecordingIds & { readonly organizationId?: string };
  /** Of the object. */
  readonly objectKey: string;
  /** `x-amz-i` of the object: base64 of 28 bytes, another one for each attempt. */
  readonly messageId: string;
  /** What an instruction file would hold: `x-amz-3`, `x-amz-w`, and `x-amz-t` or `x-amz-m`. */
  readonly wrap: Readonly<Record<string, string>>;
}

/** A record as it stands there. */
export interface StoredKeyRecord {
  readonly record: KeyRecord;
  /** Byte for byte. */
  readonly body: string;
}

/** Which object a record has to be of: from what was asked for, and from the object itself. */
export type KeyRecordOf = Pick<KeyRecord, 'objectKey' | 'messageId'>;

export interface KeyRecords {
  /** Of the store that they are in. */
  readonly location: string;

  /**
   * Stores a record, unless one is there.
   * @throws what the store throws.
   */
  put(record: KeyRecord, budget: Budget): Promise<'stored' | 'exists'>;

  /**
   * The record of one object; `undefined` where it has no record.
   * @throws `OBJECT_MALFORMED` (not retryable) for what is no record, or that of another object; what the store throws.
   */
  get(of: KeyRecordOf, budget: Budget): Promise<StoredKeyRecord | undefined>;

  /**
   * Puts another wrap in the place of one that was read, as long as it still is that one. At every moment one of the two can be read.
   * @throws what the store throws.
   */
  replace(
    expected: StoredKeyRecord,
    wrap: KeyRecord['wrap'],
    budget: Budget,
  ): Promise<'replaced' | 'changed' | 'unsupported'>;

  /** All records of the recording that an object is of, also those of its other channels, versions and of its context. */
  list(objectKey: string, budget: Budget): AsyncIterable<ObjectSummary>;
}
