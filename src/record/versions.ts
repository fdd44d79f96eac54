/*
 * Successors of an object. What was archived is never replaced: another archiving of the same recording stands beside it, under the same
 * name with a version before the extension, `{recordingId}.v2.enc`, and its receipt names the one before it. The first has no version in
 * its name.
 */
import type { SignedReceipt } from './receipt/schema.ts';
import { isSameId } from '../recording/id.ts';

/** The first object of a recording. */
export const FIRST_VERSION = 1;
/** More than anyone archives a recording by hand. */
export const MAX_VERSION = 99;

/** `.v2` to `.v99` before the extension of a file's name. */
const VERSIONED = /^(.*[^/])\.v([2-9]|[1-9]\d)(\.[A-Za-z0-9]+)$/;

/** The key of the first object, and which version of it `key` is. The inverse of {@link keyOfVersion}. */
export function splitVersion(key: string): { readonly base: string; readonly version: number } {
  const [, stem, version, extension] = VERSIONED.exec(key) ?? [];
  if (stem === undefined || extension === undefined) return { base: key, version: FIRST_VERSION };
  return { base: `${stem}${extension}`, version: Number(version) };
}

/** @param base the key of the first object. @param version 1 to {@link MAX_VERSION}. */
export function keyOfVersion(base: string, version: number): string {
  return version === FIRST_VERSION ? base : base.replace(/(\.[A-Za-z0-9]+)$/, `.v${version}$1`);
}

/** What the keys of all successors of the object under `base`, and of nothing but names that begin alike, begin with. */
export function successorPrefix(base: string): string {
  return `${base.replace(/\.[A-Za-z0-9]+$/, '')}.v`;
}

/**
 * Why a receipt cannot be that of the version that its key names: a successor names an earlier version of the same recording, and
 * the first names none. `undefined` when it can.
 */
export function whyNoSuccessor(
  key: string,
  { predecessor, kind }: Pick<SignedReceipt, 'predecessor' | 'kind'>,
): string | undefined {
  const { base, version } = splitVersion(key);
  if (version === FIRST_VERSION) {
    return predecessor === undefined
      ? undefined
      : 'the receipt is that of a successor, and the key names none';
  }
  if (predecessor === undefined)
    return 'the receipt names no predecessor, and the key is that of a successor';
  if (kind !== 'archived' && kind !== 'completed')
    return 'the receipt of a successor states that nothing was archived';
  const before = splitVersion(predecessor.key);
  return isSameId(before.base, base) && before.version < version
    ? undefined
    : 'the receipt names a predecessor of another recording than its own';
}
