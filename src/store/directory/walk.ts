import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { ListOptions } from '../../ports.ts';
import { isFitName, isTemporaryName, ownerOfRecord, recordName } from './paths.ts';
import { isMissing } from './fs-errors.ts';
import { isObjectKey } from '../object-rules.ts';

export interface FoundObject {
  readonly key: string;
  /** False for an object whose writer has not finished, or crashed before it had. */
  readonly hasRecord: boolean;
}

/**
 * The objects below `root` whose key starts with `prefix`, in ascending byte order of their keys, one directory in memory at
 * a time. Symbolic links are not followed. A root that does not exist is empty.
 */
export async function* walkObjects(
  root: string,
  prefix: string,
  { onOther }: ListOptions = {},
): AsyncGenerator<FoundObject, void, undefined> {
  yield* walk(root, '', prefix, onOther);
}

async function* walk(
  directory: string,
  above: string,
  prefix: string,
  onOther: ListOptions['onOther'],
): AsyncGenerator<FoundObject, void, undefined> {
  let entries;
  try {
    entries = await readdir(directory, { withFileTypes: true });
  } catch (error) {
    if (isMissing(error)) return;
    throw error;
  }
  const names = new Set(entries.map((entry) => entry.name));
  if (onOther !== undefined) {
    for (const name of entries.filter((entry) => isOther(entry, names)).map((entry) => above + entry.name)) {
      if (name.startsWith(prefix)) onOther(name);
    }
  }
  // A directory stands for keys that go on with '/', which sorts after '-' and '.', and before digits and letters: "a-b"
  // comes before "a/b", although "a" comes before "a-b".
  const sorted = entries
    .filter((entry) => (entry.isDirectory() || entry.isFile()) && isFitName(entry.name))
    .map((entry) => ({ name: entry.name, key: `${above}${entry.name}${entry.isDirectory() ? '/' : ''}` }))
    .sort((a, b) => (a.key < b.key ? -1 : 1));
  for (const { name, key } of sorted) {
    if (key.endsWith('/')) {
      if (key.startsWith(prefix) || prefix.startsWith(key))
        yield* walk(path.join(directory, name), key, prefix, onOther);
    } else if (key.startsWith(prefix) && isObjectKey(key)) {
      yield { key, hasRecord: names.has(recordName(name)) };
    }
  }
}

/** Neither an object, nor what the store itself keeps beside one. */
function isOther(entry: Dirent, names: ReadonlySet<string>): boolean {
  const { name } = entry;
  if (!entry.isDirectory() && !entry.isFile()) return true;
  if (isTemporaryName(name)) return false;
  const owner = ownerOfRecord(name);
  if (owner !== undefined) return !names.has(owner);
  return !isFitName(name) || !isObjectKey(name);
}
