import type { Budget } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import type { ObjectStore, RecordingIds } from '../ports.ts';
import { identifyKey } from './layout.ts';
import { receiptKey } from './object-key.ts';
import { LARGEST_RECEIPT, parseReceipt } from './receipt-schema.ts';
import { getSmall } from './small-object.ts';

/**
 * What is known of who a recording is: the recording id from its key, the conversation id from its receipt where it has one that
 * is of that recording.
 *
 * @throws what the store throws.
 */
export async function knownIds(
  store: ObjectStore,
  key: string,
  budget: Budget,
): Promise<Partial<RecordingIds>> {
  const named = identifyKey(key);
  if (named === undefined) return {};
  const { recordingId, channel } = named;
  const known = { recordingId, ...(channel === undefined ? {} : { channel }) };
  const place = receiptKey(key);
  try {
    const text = await getSmall(store, place, LARGEST_RECEIPT, budget);
    const ids = text === undefined ? undefined : parseReceipt(text, place).ids;
    return ids?.recording === recordingId ? { ...known, conversationId: ids.conversation } : known;
  } catch (error) {
    if (error instanceof ArchiveError && error.code === 'OBJECT_MALFORMED') return known;
    throw error;
  }
}
