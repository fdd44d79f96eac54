import { type Budget, type Clock, systemClock } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import type { ObjectStore, Sealer } from '../ports.ts';
import { firstWrapMetadata } from '../record/first-wrap.ts';
import { createKeyRecords } from '../record/key-records.ts';
import { present } from '../present.ts';
import type { Filing } from './filing.ts';

/**
 * ms. An object that is completed later could find its record swept: `gc` takes records without an object for left behind after a day,
 * by the store's clock.
 */
export const MAX_RECORD_WAIT_MS = 12 * 3_600_000;

/** The key of one attempt, on its way to where it is kept. */
export interface KeptKey {
  /** User metadata that the object has in place of its wrapped data key; none where it carries that. */
  readonly metadata: Readonly<Record<string, string>>;
  /**
   * To be called before the object is completed: resolves once its record is stored.
   * @throws what the store throws; `OUT_OF_TIME` (retryable) when the record has waited for too long.
   */
  confirm(): Promise<void>;
  /** Resolves when nothing is being written any more, whether or not that succeeded. */
  settled(): Promise<void>;
}

export interface KeepKeyPorts {
  readonly store: ObjectStore;
  readonly clock?: Clock;
  readonly organizationId?: string | undefined;
}

/**
 * Begins to store the key record of an attempt, while its recording is downloaded. An object whose wrapped data key is in its metadata
 * has none.
 */
export function keepKey(
  { store, clock = systemClock, organizationId }: KeepKeyPorts,
  sealer: Pick<Sealer, 'metadata' | 'wrap'>,
  { ids, key }: Pick<Filing, 'ids' | 'key'>,
  budget: Budget,
): KeptKey {
  const { wrap, metadata } = sealer;
  const messageId = metadata['x-amz-i'];
  if (wrap === undefined || messageId === undefined) {
    return { metadata: {}, confirm: () => Promise.resolve(), settled: () => Promise.resolve() };
  }
  const begunAt = clock.now();
  const record = { ids: { ...ids, ...present({ organizationId }) }, objectKey: key, messageId, wrap };
  const stored = createKeyRecords(store).put(record, budget);
  const settled = stored.then(
    () => undefined,
    () => undefined,
  );
  return {
    metadata: firstWrapMetadata(wrap),
    confirm: async () => {
      // where one stands there already, its name is random: an answer was lost, and it is this attempt's own
      await stored;
      if (clock.now() - begunAt <= MAX_RECORD_WAIT_MS) return;
      throw new ArchiveError('OUT_OF_TIME', `${key} was not complete 12 hours after its key record`);
    },
    settled: () => settled,
  };
}
