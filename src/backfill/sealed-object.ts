/** Sealed objects of a day that are replaced as a whole: facts, audits. */
import type { Budget } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import type { Envelope, EnvelopeReader, ObjectStat, ObjectStore, PutOptions } from '../ports.ts';

/** How often an object is written anew that another writer has replaced meanwhile. */
const MAX_WRITES = 3;

/** Bytes; more are none that this program writes. */
const MAX_SEALED_BYTES = 512 * 1024 * 1024;

interface SealedFor {
  readonly conversationId: string;
  readonly recordingId: string;
}

export interface Sealing {
  readonly key: string;
  readonly ids: SealedFor;
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
    const sealer = await envelope.seal(ids, budget);
    const sealed = Buffer.concat([sealer.update(body), sealer.final()]);
    const options: PutOptions = {
      metadata: { ...sealer.metadata, ...metadata },
      contentType: 'application/octet-stream',
      contentLength: sealed.length,
    };
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

/** Decrypted as a whole: nothing of it is used before its tag has been verified. `undefined` without an object. */
export async function getSealed(
  { store, reader }: { readonly store: ObjectStore; readonly reader: EnvelopeReader },
  { key, ids }: { readonly key: string; readonly ids: SealedFor },
  budget: Budget,
): Promise<Buffer | undefined> {
  try {
    const { stat, body } = await store.get(key, budget);
    if (stat.size > MAX_SEALED_BYTES) throw new ArchiveError('OBJECT_MALFORMED', `${key} is too large`);
    const unsealer = await reader.unseal(stat, { expected: ids, budget });
    const parts: Uint8Array[] = [];
    for await (const chunk of body) parts.push(unsealer.update(chunk));
    parts.push(unsealer.final());
    return Buffer.concat(parts);
  } catch (error) {
    if (error instanceof ArchiveError && error.code === 'OBJECT_NOT_FOUND') return undefined;
    throw error;
  }
}
