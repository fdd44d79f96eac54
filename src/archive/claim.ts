import type { Budget } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import type { ObjectStore } from '../ports.ts';
import { claimKey } from '../record/object-key.ts';
import { getSmall, putSmall } from '../record/small-object.ts';

/** Bytes; a claim is about 60. */
const LARGEST_CLAIM = 1024;

/**
 * For a recording whose time nobody states: pins the time it was first seen, in one conditional write, so that every retry and
 * redelivery files it under the same day.
 *
 * @param now epoch ms, used only if no claim stands yet.
 * @returns the pinned time, epoch ms.
 */
export async function claimFirstSeen(
  store: ObjectStore,
  recordingId: string,
  now: number,
  budget: Budget,
): Promise<number> {
  const key = claimKey(recordingId);
  const body = Buffer.from(`${JSON.stringify({ firstSeen: new Date(now).toISOString() })}\n`);
  if ((await putSmall(store, key, body, budget)) === 'stored') return now;
  const text = await getSmall(store, key, LARGEST_CLAIM, budget);
  if (text === undefined) {
    throw new ArchiveError('STORE_UNAVAILABLE', `${key} was refused as existing and then not found`);
  }
  const at = Date.parse(/^\{"firstSeen":"([0-9TZ:.-]+)"\}\n$/.exec(text)?.[1] ?? '');
  if (Number.isFinite(at)) return at;
  throw new ArchiveError('OBJECT_MALFORMED', `${key} is not a claim`);
}
