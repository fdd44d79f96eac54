import { createHash } from 'node:crypto';
import type { Budget } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import type { EnvelopeReader, ObjectStat, ObjectStore, RecordingIds, Unsealer } from '../ports.ts';
import { formatOf, wrapOf } from '../record/identity.ts';
import { readWrap } from '../record/key-records.ts';
import { type LeafDigests, LeafHasher } from '../record/leaf-hasher.ts';

/** How the keys of an object are kept: the one static key, or the wrap of its data key. */
export type Opens = ReadonlySet<'static' | 'kms+context' | 'AES/GCM' | 'RSA-OAEP-SHA1'>;

export interface OpeningPorts {
  readonly store: ObjectStore;
  readonly reader?: EnvelopeReader | undefined;
  readonly opens?: Opens | undefined;
}

export interface Plaintext {
  readonly bytes: number;
  readonly sha256: Buffer;
}

/** What an object is, from its first byte to its tag. */
export interface OpenedObject {
  /** As the store stated it with the very bytes that were read. */
  readonly stat: ObjectStat;
  readonly ciphertext: LeafDigests;
  /** `undefined`: the tag does not verify, or the metadata are not those of a format. */
  readonly plaintext: Plaintext | undefined;
}

/**
 * Reads, hashes and decrypts one object; keeps nothing.
 *
 * @returns `undefined` when this process cannot open it: it does not hold the key, or may not read.
 * @throws what the store and the key service throw.
 */
export async function openObject(
  { store, reader, opens }: OpeningPorts,
  stat: ObjectStat,
  ids: RecordingIds,
  budget: Budget,
): Promise<OpenedObject | undefined> {
  if (reader === undefined || opens === undefined || !holdsKeyOf(stat, opens)) return undefined;
  const { key } = stat;
  try {
    const { stat: opened, body } = await store.get(key, budget);
    const ciphertext = LeafHasher.full();
    const decryption = new Decryption(async () =>
      reader.unseal(opened, {
        readInstruction: () => readWrap(store, opened, budget),
        expected: ids,
        budget,
      }),
    );
    let received = 0;
    for await (const chunk of body) {
      received += chunk.byteLength;
      ciphertext.update(chunk);
      await decryption.update(chunk);
    }
    if (received !== opened.size) {
      throw new ArchiveError('STORE_UNAVAILABLE', `${key}: ${received} of ${opened.size} bytes arrived`);
    }
    return {
      stat: withChecksum(opened, stat),
      ciphertext: ciphertext.finish(),
      plaintext: await decryption.finish(),
    };
  } catch (error) {
    if (error instanceof ArchiveError && error.code === 'STORE_DENIED') return undefined;
    throw error;
  }
}

/** A store may state the checksum only when it is asked for the object alone, and not its bytes. */
function withChecksum(opened: ObjectStat, asked: ObjectStat): ObjectStat {
  const isSame =
    opened.etag !== undefined && opened.etag === asked.etag && opened.versionId === asked.versionId;
  return opened.checksum === undefined && isSame ? { ...opened, checksum: asked.checksum } : opened;
}

function holdsKeyOf(stat: ObjectStat, opens: Opens): boolean {
  if (formatOf(stat) === 'static-gcm') return opens.has('static');
  const { wrap } = wrapOf(stat, undefined);
  return wrap !== undefined && opens.has(wrap);
}

/** What the object itself is to blame for. */
const REFUSALS: ReadonlySet<string> = new Set([
  'DECRYPT_FAILED',
  'OBJECT_MALFORMED',
  'CONTEXT_MISMATCH',
  'KEY_RECORD_MISSING',
]);

/** Beside the hashing: when it fails, the rest of the bytes are still hashed. */
class Decryption {
  readonly #open: () => Promise<Unsealer>;
  readonly #hash = createHash('sha256');
  #unsealer: Unsealer | undefined;
  #bytes = 0;
  #failed = false;

  constructor(open: () => Promise<Unsealer>) {
    this.#open = open;
  }

  async update(chunk: Uint8Array): Promise<void> {
    await this.#attempt((unsealer) => unsealer.update(chunk));
  }

  async finish(): Promise<Plaintext | undefined> {
    await this.#attempt((unsealer) => unsealer.final());
    return this.#failed ? undefined : { bytes: this.#bytes, sha256: this.#hash.digest() };
  }

  async #attempt(work: (unsealer: Unsealer) => Uint8Array): Promise<void> {
    if (this.#failed) return;
    try {
      this.#unsealer ??= await this.#open();
      const plaintext = work(this.#unsealer);
      this.#bytes += plaintext.byteLength;
      this.#hash.update(plaintext);
    } catch (error) {
      if (!(error instanceof ArchiveError) || !REFUSALS.has(error.code)) throw error;
      this.#failed = true;
    }
  }
}
