import { ArchiveError } from './errors.ts';

/** Names that mean something to this program or to the S3 Encryption Client, as they are written: in lower case. */
const KNOWN = /^(?:x-amz-[a-z0-9-]+|gca-[a-z0-9-]+|encryption|iv)$/;

export interface CanonicalMetadata {
  readonly metadata: Readonly<Record<string, string>>;
  /** Names as they stand on the object, where they are other spellings; in order, empty for what this program wrote. */
  readonly renamed: readonly string[];
}

/**
 * The metadata of an object under the names they were written with. S3 keeps names in lower case and without `x-amz-meta-`; tools that
 * copy objects capitalise them, or write the prefix as part of the name. Names of others stay as they are.
 *
 * @throws `OBJECT_MALFORMED` (not retryable) when two spellings of one name have different values: which of them counts would depend on
 *   the reader.
 */
export function canonicalMetadata(metadata: Readonly<Record<string, string>>): CanonicalMetadata {
  const renamed = Object.keys(metadata).filter((name) => canonicalName(name) !== name);
  if (renamed.length === 0) return { metadata, renamed };
  const canonical = new Map<string, string>();
  for (const [name, value] of Object.entries(metadata)) {
    const known = canonicalName(name);
    if (canonical.has(known) && canonical.get(known) !== value) {
      throw new ArchiveError(
        'OBJECT_MALFORMED',
        `metadata ${known} is there in two spellings, with two values`,
        {
          hint: 'copy the object again with a tool that keeps names, or restore an earlier version of it',
        },
      );
    }
    canonical.set(known, value);
  }
  return { metadata: Object.fromEntries(canonical), renamed };
}

/** What to say of names that are other spellings; `undefined` without any. */
export function describeRenamed(renamed: readonly string[]): string | undefined {
  if (renamed.length === 0) return undefined;
  const some = renamed.some((name) => /^x-amz-meta-/i.test(name))
    ? 'capitalised, or carry x-amz-meta-'
    : 'capitalised';
  return `names of ${renamed.length} metadata are ${some}: the object was copied by another tool; they are read as they were written`;
}

function canonicalName(name: string): string {
  const bare = name.toLowerCase().replace(/^(?:x-amz-meta-)+/, '');
  return KNOWN.test(bare) ? bare : name;
}
