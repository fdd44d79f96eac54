/** Sealed objects of a day that are replaced as a whole: facts, audits. */
import type { Budget } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import type { Envelope, EnvelopeReader, ObjectStat, ObjectStore } from '../ports.ts';
import { openSealed, sealBytes, type SealedPlace } from '../record/sealed-object.ts';

/** How often an object is written anew that another writer has replaced meanwhile. */
const MAX_WRITES = 3;

/** Bytes; more are none that this program writes. */
const MAX_DAY_BYTES = 512 * 1024 * 1024;

export interface Sealing {
  readonly key: SealedPlace['key'];
  readonly ids: SealedPlace['ids'];
  readonly body: Uint8Array;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Whether what stands there may be replaced; default always. */
  readonly mayReplace?: (stat: ObjectStat) => boolean;
}

/**
 * Seals and stores, in place of what is there.
 *
 * @returns `kept` where what is there may not be replaced.
 * @throws `STORE_DENIED` for a store that replaces nothing; `STORE_UNAVAILABLE` (retryable) when others replaced it each time; `KMS_*`.
 */
export async function putSealed(
  { store, envelope }: { readonly store: ObjectStore; readonly envelope: Envelope },
  { key, ids, body, metadata = {}, mayReplace = () => true }: Sealing,
  budget: Budget,
): Promise<'written' | 'kept'> {
  for (let writes = 0; writes < MAX_WRITES; writes += 1) {
    const { body: sealed, options: plain } = await sealBytes(envelope, ids, body, budget);
    const options = { ...plain, metadata: { ...plain.metadata, ...metadata } };
    const stat = await store.head(key, budget);
    if (stat === undefined) {
      if ((await store.put(key, sealed, options, budget)).outcome === 'stored') return 'written';
      continue;
    }
    if (!mayReplace(stat)) return 'kept';
    if (store.replace === undefined) {
      throw new ArchiveError('STORE_DENIED', `${store.location} replaces no objects, which ${key} needs`);
    }
    const { outcome } = await store.replace(stat, sealed, options, budget);
    if (outcome === 'replaced') return 'written';
    if (outcome === 'unsupported') {
      throw new ArchiveError('STORE_DENIED', `${store.location} cannot replace ${key}`, {
        hint: 'keep facts and audits in a bucket without a default lock: ARCHIVE_CATALOGUE',
      });
    }
  }
  throw new ArchiveError('STORE_UNAVAILABLE', `${key} was replaced by another writer each time`);
}

/** Nothing of it is used before its tag has been verified. `undefined` without an object. */
export async function getSealed(
  { store, reader }: { readonly store: ObjectStore; readonly reader: EnvelopeReader },
  place: Pick<SealedPlace, 'key' | 'ids'>,
  budget: Budget,
): Promise<Buffer | undefined> {
  return (await openSealed(store, reader, { ...place, maxBytes: MAX_DAY_BYTES }, budget))?.bytes;
}
