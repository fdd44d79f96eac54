/** The files of an evidence package in a folder. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';

/** Names are those in the package, with slashes, in ascending order. */
export interface Package {
  readonly names: readonly string[];
  /** What is neither a file nor a folder: a link shows what lies elsewhere. */
  readonly others: readonly string[];
  readonly hashes: ReadonlyMap<string, string>;
  readonly read: (name: string) => Promise<Buffer>;
  /** `undefined` for a file that cannot be read. */
  readonly text: (name: string) => Promise<string | undefined>;
  readonly stream: (name: string) => AsyncIterable<Uint8Array>;
}

export async function openPackage(folder: string): Promise<Package> {
  const at = (name: string) => path.join(folder, ...name.split('/'));
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const namesOf = (wanted: typeof entries) =>
    wanted
      .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
      .sort();
  const names = namesOf(entries.filter((entry) => entry.isFile()));
  const hashes = new Map<string, string>();
  for (const name of names) hashes.set(name, await hashOf(at(name)));
  return {
    names,
    others: namesOf(entries.filter((entry) => !entry.isFile() && !entry.isDirectory())),
    hashes,
    read: (name) => readFile(at(name)),
    text: (name) => readFile(at(name), 'utf8').catch(() => undefined),
    stream: (name) => createReadStream(at(name)),
  };
}

async function hashOf(place: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(place), hash);
  return hash.digest('hex');
}

/** What systems put into folders that people look into. */
const LITTER = /(?:^|\/)(?:\.DS_Store|\._[^/]*|Thumbs\.db|desktop\.ini)$|^__MACOSX\//;

/** Returns what to do about a file that no package has, where that is known. */
export function adviceOn(name: string): string {
  return LITTER.test(name) ? '; an operating system makes such files: remove it, and check again' : '';
}
