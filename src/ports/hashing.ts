/** Where the hashes of a recording are computed: where it passes, or in a thread beside it. */
import { createHash } from 'node:crypto';

/** SHA-256 of bytes that come one chunk after the other. */
export interface StreamHash {
  /**
   * Takes the next chunk. A chunk in memory of {@link Hashing.allocate} or {@link Hashing.readBuffers} may be read later, though the
   * latter see to it that it is not overwritten before; one in any other memory has been copied or hashed when this returns.
   *
   * @returns what to wait for before the next chunk, where too much waits to be hashed already.
   */
  update(chunk: Uint8Array): Promise<void> | undefined;
  /** After the last chunk. @throws `MediaRestart` when the thread was lost: nobody has the bytes any more. */
  digest(): Promise<Buffer>;
}

/** The hashes of one body on its way through the archiver. */
export interface BodyHashing {
  readonly plaintext: StreamHash;
  /**
   * Hashes a piece of the ciphertext that is complete, in memory that does not change until the digest is there. `undefined` where the
   * ciphertext is better hashed as it passes.
   */
  readonly hashPiece: ((piece: Uint8Array) => Promise<Buffer>) | undefined;
  /** To be called in any case, and more than once if need be: nobody wants the plaintext's hash any more. */
  close(): void;
}

/**
 * Gives the buffer for the next read of a connection. It takes the last but one as dealt with, and gives it again once it has been hashed;
 * the last one it takes as not looked at yet, unless `isSeen` says that it has been dealt with, too.
 */
export type NextBuffer = (isSeen?: boolean) => Buffer;

export interface Hashing {
  /** @param bytes of the body, where known. */
  begin(bytes: number | undefined): BodyHashing;
  /** Memory for bodies, which can be hashed wherever hashing happens. */
  allocate(bytes: number): Buffer;
  /** For one connection. */
  readBuffers(bytes: number): NextBuffer;
  /** Ends the thread, if there is one. Whatever waits for it fails, and whatever comes later is hashed in place. */
  close(): void;
}

/** SHA-256 in place, of chunks that need not outlive the call. */
export function hashInPlace(): BodyHashing {
  const hash = createHash('sha256');
  return {
    plaintext: {
      update: (chunk) => {
        hash.update(chunk);
        return undefined;
      },
      digest: () => Promise.resolve(hash.digest()),
    },
    hashPiece: undefined,
    close: () => {},
  };
}
