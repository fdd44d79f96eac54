/** Versions of stored objects: what replacing and deleting leave behind, how long each must stay, and how it is removed permanently. */
import type { Budget } from '../clock.ts';

/** One version of an object; in a store without versions the object itself. */
export interface ObjectVersion {
  readonly key: string;
  /** `undefined` in a store without versions. */
  readonly versionId: string | undefined;
  /** False for what was replaced, or is hidden by a marker. */
  readonly isLatest: boolean;
  /** A marker of a deletion: it has no bytes, and hides what is behind it. */
  readonly isMarker: boolean;
  /** Bytes; 0 for a marker. */
  readonly size: number;
  /** Epoch ms. */
  readonly lastModified: number;
}

/** What keeps a version from being removed, as the store itself has it. */
export interface VersionLock {
  readonly legalHold: boolean;
  /** Epoch ms. */
  readonly retainUntil: number | undefined;
  /** User metadata of the version, names as they are stored. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** `governance` can be shortened by who is allowed to, `compliance` by no one. */
export type RetentionMode = 'governance' | 'compliance';

/**
 * What keeps an object as it stands, each asked for by itself: S3 leaves out of other answers what one may not see. `forbidden`: it may be
 * there; `not-offered`: the store has nothing of the kind.
 */
export interface KeptState {
  readonly retention:
    | { readonly mode: RetentionMode; readonly until: number }
    | 'none'
    | 'forbidden'
    | 'not-offered';
  readonly legalHold: 'on' | 'off' | 'forbidden' | 'not-offered';
  readonly tags: Readonly<Record<string, string>> | 'forbidden' | 'not-offered';
  /** Epoch ms; of this version: lifecycle rules count from it. */
  readonly lastModified: number;
}

/** What a bucket does with new objects: `none` has no lock; `defaultDays` are set where it locks each of them by itself. */
export interface BucketLock {
  readonly lock: 'none' | 'enabled';
  readonly defaultDays: number | undefined;
}

/** `absent`: there is no such object; `shorter`: it is kept longer already; `unsupported`: the store has no lock. */
export type RetainResult = 'set' | 'shorter' | 'absent' | 'unsupported';

/** `same`: it was so already. */
export type TagResult = 'set' | 'same' | 'absent' | 'unsupported';

/**
 * All versions of a store's objects. Kept apart from `ObjectStore`, because what archives must not be able to remove: only what erases
 * opens one.
 */
export interface VersionedStore {
  /** As `ObjectStore`'s. */
  readonly location: string;

  /**
   * Every version of every object whose key starts with `prefix`, markers and what they hide included, by key, of each the newest first.
   *
   * @throws `STORE_*`, `OUT_OF_TIME`.
   */
  versions(prefix: string, budget: Budget): AsyncIterable<ObjectVersion>;

  /** `undefined` when that version is gone. @throws `STORE_*`. */
  lockOf(version: ObjectVersion, budget: Budget): Promise<VersionLock | undefined>;

  /**
   * Removes one version permanently; one that is gone already counts as removed.
   *
   * @returns `locked` where the store refuses, and its own lock is why.
   * @throws `STORE_*`; `STORE_DENIED` where the permission is missing.
   */
  remove(version: ObjectVersion, budget: Budget): Promise<'removed' | 'locked'>;

  /**
   * Forbids that the object as it stands is removed before `until` (epoch ms). Never shortens what is set.
   *
   * @throws `STORE_*`.
   */
  retain(key: string, until: number, mode: RetentionMode, budget: Budget): Promise<RetainResult>;

  /** What keeps the object as it stands; `undefined` where it is not there. Up to four requests. @throws `STORE_*`. */
  keptState(key: string, budget: Budget): Promise<KeptState | undefined>;

  /**
   * Sets one tag of the object as it stands, or takes it off (`undefined`), and leaves the others. Nothing is written where it is so already.
   *
   * @throws `STORE_*`; `STORE_DENIED` where the permission is missing.
   */
  setTag(key: string, name: string, value: string | undefined, budget: Budget): Promise<TagResult>;

  /** @throws `STORE_*`. */
  bucketLock(budget: Budget): Promise<BucketLock>;

  /** Removes what writers of objects below `prefix` have begun: parts and temporary files. @returns how many. */
  abortUploads(prefix: string, budget: Budget): Promise<number>;
}
