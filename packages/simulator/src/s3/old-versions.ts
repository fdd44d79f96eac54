import type { ObjectRecord } from './records.ts';
import { commitRecord, readRecords, recordName, removeRecord } from './files.ts';

/** What a deletion leaves in a bucket with versions. */
export interface DeleteMarker {
  readonly key: string;
  readonly versionId: string;
  /** Epoch ms. */
  readonly lastModified: number;
  readonly isMarker: true;
}

export type OldVersion = ObjectRecord | DeleteMarker;

export const isMarker = (version: OldVersion): version is DeleteMarker => 'isMarker' in version;

interface OldVersionsRecord {
  readonly key: string;
  readonly versions: readonly OldVersion[];
}

/** Versions of the objects of one bucket that are not the current ones, and markers; of each key oldest first. */
export class OldVersions {
  readonly #directory: string;
  readonly #byKey = new Map<string, readonly OldVersion[]>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  async recover(): Promise<void> {
    for (const { key, versions } of (await readRecords(this.#directory)) as OldVersionsRecord[]) {
      this.#byKey.set(key, versions);
    }
  }

  of(key: string): readonly OldVersion[] {
    return this.#byKey.get(key) ?? [];
  }

  keys(): Iterable<string> {
    return this.#byKey.keys();
  }

  async set(key: string, versions: readonly OldVersion[]): Promise<void> {
    const target = `${this.#directory}/${recordName(key)}`;
    if (versions.length === 0) {
      if (this.#byKey.delete(key)) await removeRecord(target);
      return;
    }
    await commitRecord(target, { key, versions } satisfies OldVersionsRecord, false);
    this.#byKey.set(key, versions);
  }
}
