import type { ObjectStore, PutOptions } from '../../src/ports.ts';

export interface StoreUnderTest {
  readonly store: ObjectStore;
  /** Another instance on the same objects, as another process would have. */
  reopen(): ObjectStore;
  /** Whatever is neither an object nor its metadata: temporary files, open multipart uploads. */
  leftovers(): Promise<readonly string[]>;
  /** Makes the next read of `key` break off after about `afterBytes`. */
  cutRead(key: string, afterBytes: number): Promise<ObjectStore>;
  close(): Promise<void>;
}

/** What an implementation cannot do, each with its reason; the suite then asserts that it refuses clearly. */
export interface Exemptions {
  /** "a" and "a/b" are both objects. */
  readonly objectBelowObject?: string;
}

export interface SuiteOptions {
  /** Bytes at which the implementation changes its way of storing; sizes around it are tried. */
  readonly partBytes: number;
  readonly exempt?: Exemptions;
  /** Why the whole suite cannot run here. */
  readonly skip?: string | undefined;
}

/** A suite under way, as its parts see it. */
export interface RunningSuite {
  readonly partBytes: number;
  readonly exempt: Exemptions;
  /** Set before the first test. */
  readonly subject: StoreUnderTest;
  readonly store: ObjectStore;
  /** Keys of one test share a prefix of their own. */
  newScope(): string;
  keys(prefix: string): Promise<string[]>;
}

export const plain: PutOptions = { metadata: {}, contentType: 'application/octet-stream' };
