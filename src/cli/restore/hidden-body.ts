/** Plaintext that is not verified yet: kept in memory, or in a file encrypted under a key that is in memory only. */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';

/** Bytes held in memory; a longer body goes to the disk, encrypted. Half an hour of WAV at 32 kB/s. */
export const MAX_IN_MEMORY_BYTES = 16 * 1024 * 1024;
/** Bytes; what is encrypted, and later decrypted, at a time. */
const BLOCK_BYTES = 1024 * 1024;
/** Bytes of the key and of the first counter block. */
const [KEY_BYTES, COUNTER_BYTES] = [32, 16] as const;

export interface HiddenBody {
  write(chunk: Uint8Array): Promise<void>;
  /** Puts the plaintext into the file: what was hidden has proved to be genuine. @throws when the file was changed meanwhile. */
  reveal(): Promise<void>;
  /** Forgets what is in memory, and the key of what is not. */
  forget(): void;
}

/**
 * @param file empty, open for reading and writing.
 * @param most bytes held in memory.
 */
export function createHiddenBody(file: FileHandle, most: number = MAX_IN_MEMORY_BYTES): HiddenBody {
  const key = randomBytes(KEY_BYTES);
  const counter = randomBytes(COUNTER_BYTES);
  let held: Buffer[] = [];
  let heldBytes = 0;
  let spilled: Spill | undefined;
  return {
    async write(chunk) {
      if (spilled === undefined && heldBytes + chunk.byteLength <= most) {
        // the caller may use the memory of a chunk again
        held.push(Buffer.from(chunk));
        heldBytes += chunk.byteLength;
        return;
      }
      if (spilled === undefined) {
        spilled = createSpill(file, key, counter);
        for (const earlier of held) await spilled.write(earlier);
        held = [];
      }
      await spilled.write(chunk);
    },
    async reveal() {
      if (spilled !== undefined) return spilled.reveal();
      for (const block of gather(held)) await writeAll(file, block, undefined);
    },
    forget() {
      for (const chunk of held) chunk.fill(0);
      held = [];
      key.fill(0);
    },
  };
}

interface Spill {
  write(chunk: Uint8Array): Promise<void>;
  reveal(): Promise<void>;
}

/**
 * AES-256-CTR under a key in memory: the file that a kill leaves behind is noise. It is decrypted in place, and its hash
 * shows whether what is decrypted is what was written.
 */
function createSpill(file: FileHandle, key: Buffer, counter: Buffer): Spill {
  const cipher = createCipheriv('aes-256-ctr', key, counter);
  const seen = createHash('sha256');
  const block = Buffer.allocUnsafe(BLOCK_BYTES);
  let filled = 0;
  let bytes = 0;
  const flush = async () => {
    if (filled === 0) return;
    await writeAll(file, cipher.update(block.subarray(0, filled)), undefined);
    filled = 0;
  };
  return {
    async write(chunk) {
      seen.update(chunk);
      bytes += chunk.byteLength;
      for (let at = 0; at < chunk.byteLength; ) {
        const piece = chunk.subarray(at, at + BLOCK_BYTES - filled);
        block.set(piece, filled);
        filled += piece.byteLength;
        at += piece.byteLength;
        if (filled === BLOCK_BYTES) await flush();
      }
    },
    async reveal() {
      await flush();
      const decipher = createDecipheriv('aes-256-ctr', key, counter);
      const again = createHash('sha256');
      for (let at = 0; at < bytes; ) {
        const { bytesRead } = await file.read(block, 0, Math.min(BLOCK_BYTES, bytes - at), at);
        if (bytesRead === 0) break;
        const plaintext = decipher.update(block.subarray(0, bytesRead));
        again.update(plaintext);
        await writeAll(file, plaintext, at);
        at += bytesRead;
      }
      block.fill(0);
      if (!again.digest().equals(seen.digest())) throw new Error('the temporary file was changed');
    },
  };
}

/** Small chunks are gathered to blocks before they are written. */
function* gather(chunks: readonly Buffer[]): Generator<Buffer, void, undefined> {
  let waiting: Buffer[] = [];
  let bytes = 0;
  for (const chunk of chunks) {
    waiting.push(chunk);
    bytes += chunk.length;
    if (bytes < BLOCK_BYTES) continue;
    yield Buffer.concat(waiting);
    waiting = [];
    bytes = 0;
  }
  if (bytes > 0) yield Buffer.concat(waiting);
}

/** @param at byte of the file; where it is now, if not said. */
async function writeAll(file: FileHandle, bytes: Uint8Array, at: number | undefined): Promise<void> {
  for (let done = 0; done < bytes.byteLength; ) {
    const place = at === undefined ? null : at + done;
    const { bytesWritten } = await file.write(bytes, done, bytes.byteLength - done, place);
    done += bytesWritten;
  }
}
