/** Who looked at the recordings of a package: entries of `access/`, byte for byte, one a line. */
import * as z from 'zod';
import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import { parseForeignJson } from '../../json.ts';
import type { ObjectStore } from '../../ports.ts';
import { ACCESS_PREFIX } from '../../record/access-entry.ts';
import { canonicalId } from '../../recording/id.ts';
import { mapWide } from '../log/map-wide.ts';
import { readBytes } from '../log/place.ts';
import type { PackageFile } from './package-file.ts';

export const CUSTODY_FILE = 'custody.jsonl';

/** `none`: no entry is about these recordings. `forbidden`: who made the package may not read the entries. */
export type CustodyStanding = 'entries' | 'none' | 'forbidden';

/** Bytes. */
const MAX_ENTRY_BYTES = 16_384;

/** Entries that are read before the next are listed. */
const BATCH = 512;

const entry = z.object({ v: z.literal(1), recording: z.string() });

/**
 * Puts the entries about these recordings into the package, in the order of their keys.
 *
 * @param since `YYYY-MM-DD` of the first recording: no entry about it can be older.
 * @throws `STORE_*` other than `STORE_DENIED`, `OUT_OF_TIME`.
 */
export async function putCustody(
  store: ObjectStore,
  { recordings, since }: { readonly recordings: ReadonlySet<string>; readonly since: string },
  put: (file: PackageFile) => Promise<void>,
  budget: Budget,
): Promise<CustodyStanding> {
  const found: string[] = [];
  const first = ACCESS_PREFIX + since.replaceAll('-', '/');
  const read = async (keys: readonly string[]) => {
    const lines = await mapWide(keys, (key) => readAbout(store, key, recordings, budget));
    found.push(...lines.filter((line) => line !== undefined));
  };
  try {
    let keys: string[] = [];
    for await (const { key } of store.list(ACCESS_PREFIX, budget)) {
      if (key < first) continue;
      keys.push(key);
      if (keys.length < BATCH) continue;
      await read(keys);
      keys = [];
    }
    await read(keys);
  } catch (error) {
    if (error instanceof ArchiveError && error.code === 'STORE_DENIED') return 'forbidden';
    throw error;
  }
  if (found.length === 0) return 'none';
  await put({ name: CUSTODY_FILE, body: Buffer.from(found.join('')) });
  return 'entries';
}

/** Returns the line of an entry about one of them; what is no entry is passed over. */
async function readAbout(
  store: ObjectStore,
  key: string,
  recordings: ReadonlySet<string>,
  budget: Budget,
): Promise<string | undefined> {
  const bytes = await readBytes(store, key, MAX_ENTRY_BYTES, budget).catch((error: unknown) => {
    if (error instanceof ArchiveError && error.code === 'LOG_MALFORMED') return undefined;
    throw error;
  });
  if (bytes === undefined) return undefined;
  const text = bytes.toString('utf8');
  const parsed = z.safeParse(entry, parseForeignJson(text));
  const isLine = text.indexOf('\n') === text.length - 1;
  const isAbout = parsed.success && recordings.has(canonicalId(parsed.data.recording));
  return isAbout && isLine ? text : undefined;
}
