import { openChecked } from '../audit/open-checked.ts';
import { decryptChecked } from '../audit/read-recording.ts';
import type { Budget } from '../clock.ts';
import { ArchiveError, toArchiveError } from '../errors.ts';
import { gatherBytes } from '../gather-bytes.ts';
import { parseForeignJson } from '../json.ts';
import type { ConsoleArchive } from './console-archive.ts';

/** Bytes. */
const MAX_COMPANION_BYTES = 16 * 1024 * 1024;

export type SealedJson =
  | { readonly state: 'read'; readonly value: Record<string, unknown> }
  | { readonly state: 'none' | 'no-key' | 'damaged' };

/**
 * What stands sealed beside a recording, held to that one's receipt. To be called once that is on record.
 *
 * @throws what the store and the key service throw; damage is a value.
 */
export async function readSealedJson(
  { store, trust, reader }: ConsoleArchive,
  key: string,
  budget: Budget,
): Promise<SealedJson> {
  if (reader === undefined) {
    return { state: (await store.head(key, budget)) === undefined ? 'none' : 'no-key' };
  }
  try {
    const checked = await openChecked({ ...trust, store }, key, budget);
    const tooLong = () => new ArchiveError('OBJECT_MALFORMED', `${key} is too large`);
    const plaintext = decryptChecked({ store, reader }, checked, budget);
    const value = parseForeignJson(
      (await gatherBytes(plaintext, MAX_COMPANION_BYTES, tooLong)).toString('utf8'),
    );
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? { state: 'read', value: value as Record<string, unknown> } : { state: 'damaged' };
  } catch (thrown) {
    const { code, retryable } = toArchiveError(thrown);
    if (code === 'OBJECT_NOT_FOUND') return { state: 'none' };
    if (retryable || budget.signal.aborted) throw thrown;
    return { state: 'damaged' };
  }
}
