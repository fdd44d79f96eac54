import { randomUUID } from 'node:crypto';
import type { ObjectRecord } from './object-record.ts';

/** A version that is not current: an object, or a marker that hides those below it. */
export type PastVersion =
  | { readonly versionId: string; readonly record: ObjectRecord }
  | { readonly versionId: string; readonly hiddenAt: number };

/** What a bucket keeps behind its current objects, newest first. In memory only: a bucket that is opened anew has no past. */
export class Past {
  readonly #versions = new Map<string, readonly PastVersion[]>();

  static newId(): string {
    return randomUUID().replaceAll('-', '');
  }

  of(key: string): readonly PastVersion[] {
    return this.#versions.get(key) ?? [];
  }

  keys(): readonly string[] {
    return [...this.#versions.keys()];
  }

  push(key: string, version: PastVersion): void {
    this.#versions.set(key, [version, ...this.of(key)]);
  }

  /** Takes a version out. */
  take(key: string, versionId: string): PastVersion | undefined {
    const taken = this.of(key).find((version) => version.versionId === versionId);
    const left = this.of(key).filter((version) => version !== taken);
    if (left.length === 0) this.#versions.delete(key);
    else this.#versions.set(key, left);
    return taken;
  }

  /** Takes the newest one out where it is an object: what stands above it is gone. */
  takeObject(key: string): ObjectRecord | undefined {
    const [newest] = this.of(key);
    if (newest === undefined || !('record' in newest)) return undefined;
    this.take(key, newest.versionId);
    return newest.record;
  }

  /** Files that versions of a key still need. */
  filesOf(key: string): ReadonlySet<string> {
    const records = this.of(key).flatMap((version) => ('record' in version ? [version.record] : []));
    return new Set(records.flatMap(({ segments }) => segments.map(({ file }) => file)));
  }
}
