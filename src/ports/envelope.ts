/** How what is archived is encrypted, read, and moved under other keys. */
import type { Budget } from '../clock.ts';
import type { RecordingIds } from './media.ts';
import type { ObjectStat } from './store.ts';

/** One encryption attempt: fresh key material, never reused, not even for a retry of the same recording. */
export interface Sealer {
  /** S3 user metadata (names without `x-amz-meta-`), known before the first byte. */
  readonly metadata: Readonly<Record<string, string>>;
  /**
   * What wraps the data key, where that is not among the metadata: it has to be stored before the object is complete, or the object can
   * never be read.
   */
  readonly wrap?: Readonly<Record<string, string>>;
  /** Bytes the ciphertext is longer than the plaintext. */
  readonly overhead: number;
  /** The ciphertext of these bytes, in memory that is the caller's from then on and never a view of `plaintext`. */
  update(plaintext: Uint8Array): Uint8Array;
  /** The rest of the ciphertext and the tag. Call only after everything about the plaintext has been checked. */
  final(): Uint8Array;
  /**
   * Encrypts a body with `update` and `final`. A chunk is valid until the next one is asked for; its memory is freed then.
   *
   * @param confirm called after the last byte of plaintext; only when it has resolved is there a tag.
   */
  encrypt(
    plaintext: AsyncIterable<Uint8Array>,
    confirm: () => Promise<void>,
  ): AsyncGenerator<Uint8Array, void, undefined>;
}

export interface Envelope {
  readonly format: string;
  /** @throws what the key service throws: `KMS_*`, `OUT_OF_TIME`. */
  seal(ids: RecordingIds, budget?: Budget): Promise<Sealer>;
}

/** One decryption. `update` releases UNVERIFIED plaintext: keep it where it can be destroyed until `final` returned. */
export interface Unsealer {
  update(ciphertext: Uint8Array): Uint8Array;
  /** @throws `DECRYPT_FAILED` when the tag does not verify, `OBJECT_MALFORMED` when the body is shorter than a tag. */
  final(): Uint8Array;
}

/** What the caller of {@link EnvelopeReader.unseal} knows besides the object itself. */
export interface UnsealRequest {
  /** The body of `<key>.instruction`; `undefined` without one. Called only for objects that cannot be read without. */
  readonly readInstruction?: () => Promise<string | undefined>;
  /** Ids known from elsewhere, never from the object's own metadata: its data key has to be bound to them. */
  readonly expected?: { readonly recordingId?: string; readonly conversationId?: string };
  readonly budget?: Budget;
}

export interface EnvelopeReader {
  /**
   * @throws `OBJECT_MALFORMED` when the metadata are of no known format or damaged, before any byte is decrypted;
   *   `CONTEXT_MISMATCH` when the data key is bound to other ids, before any key service is asked; `DECRYPT_FAILED` when the
   *   key does not fit or is not held; `KMS_*`, `OUT_OF_TIME`.
   */
  unseal(stat: Pick<ObjectStat, 'metadata' | 'size' | 'key'>, request?: UnsealRequest): Promise<Unsealer>;
}

/** Decryption of parts of one object. No tag covers a part: what comes out is UNVERIFIED. */
export interface RangeUnsealer {
  /** Of the whole recording. */
  readonly plaintextBytes: number;
  /** Whether the object commits to its key, so that no other is accepted. */
  readonly keyIsBound: boolean;
  /** Whether the key comes from a wrapped data key, which is then the right one if the wrap is the one that was stored. */
  readonly keyIsWrapped: boolean;
  /** @param offset of the first byte of `ciphertext` in the object; the tag at its end is no ciphertext. */
  decryptAt(offset: number, ciphertext: Uint8Array): Uint8Array;
}

export interface RangeReader {
  /** Throws as {@link EnvelopeReader.unseal}. */
  unsealRange(
    stat: Pick<ObjectStat, 'metadata' | 'size' | 'key'>,
    request?: UnsealRequest,
  ): Promise<RangeUnsealer>;
}

/** What `<key>.instruction` holds: the wrapped data key of the object beside it. */
export interface InstructionContent {
  readonly metadata: Readonly<Record<string, string>>;
  /** JSON. */
  readonly body: string;
}

/** Makes objects of the one static key readable with another key, without touching them. */
export interface KeyAdopter {
  /**
   * @param ids as far as they are known; a KMS wrap binds them for ever.
   * @returns `undefined` for an object of another format, which has a data key of its own.
   * @throws `OBJECT_MALFORMED`; what the key service throws.
   */
  adopt(
    stat: Pick<ObjectStat, 'metadata' | 'size' | 'key'>,
    ids: Partial<RecordingIds>,
    budget: Budget,
  ): Promise<InstructionContent | undefined>;
}

export type Rewrapped =
  /** The data key is under the wanted wrapping key already. */
  | { readonly state: 'current' }
  /** There is no wrapped data key. */
  | { readonly state: 'unwrapped'; readonly format: string }
  /** `isCommitted`: the data key was compared with the one that the object commits to. */
  | {
      readonly state: 'instruction';
      readonly instruction: InstructionContent;
      readonly isCommitted?: boolean;
    }
  /** All user metadata of the object, as they have to be. */
  | {
      readonly state: 'metadata';
      readonly metadata: Readonly<Record<string, string>>;
      readonly isCommitted?: boolean;
    };

/** Moves the data key of an object under another wrapping key. */
export interface KeyRewrapper {
  /**
   * @param instruction the body of `<key>.instruction`; `undefined` without one.
   * @param ids as far as they are known from elsewhere; the data key has to be bound to them, and is again.
   * @throws as {@link EnvelopeReader.unseal}.
   */
  rewrap(
    stat: Pick<ObjectStat, 'metadata' | 'size' | 'key'>,
    instruction: string | undefined,
    ids: Partial<RecordingIds>,
    budget: Budget,
  ): Promise<Rewrapped>;
}
