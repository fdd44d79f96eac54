import { createHash } from 'node:crypto';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { ArchiveError } from '../../errors.ts';
import { openRegular } from './regular-file.ts';

/** Bytes: large enough that system calls cost nothing beside hashing, small enough for many writers at once. */
const BLOCK_BYTES = 1024 * 1024;

/** Of files that are not complete. */
const PRIVATE_MODE = 0o600;
const READ_BY_OTHERS = 0o044;

export interface StoredFile {
  readonly size: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

/** Writes `chunks` to a new file and syncs it. One block is hashed and filled while the one before is being written. */
export async function writeFile(file: string, chunks: AsyncIterable<Uint8Array>): Promise<StoredFile> {
  const handle = await openPrivate(file);
  const hash = createHash('sha256');
  let size = 0;
  let writing: Promise<void> = Promise.resolve();
  try {
    let block: Buffer | undefined;
    let spare: Buffer | undefined;
    let filled = 0;
    const flush = async (): Promise<void> => {
      await writing;
      if (block === undefined || filled === 0) return;
      hash.update(block.subarray(0, filled));
      writing = writeWhole(handle, block.subarray(0, filled), size);
      // A failure is reported by the next flush; until then it must not count as unhandled.
      writing.catch(() => {});
      size += filled;
      filled = 0;
      [block, spare] = [spare, block];
    };
    for await (const chunk of chunks) {
      for (let taken = 0; taken < chunk.byteLength; ) {
        block ??= Buffer.allocUnsafeSlow(BLOCK_BYTES);
        const length = Math.min(chunk.byteLength - taken, BLOCK_BYTES - filled);
        block.set(chunk.subarray(taken, taken + length), filled);
        taken += length;
        filled += length;
        if (filled === BLOCK_BYTES) await flush();
      }
    }
    await flush();
    await writing;
    await handle.sync();
  } finally {
    await writing.catch(() => {});
    await handle.close();
  }
  return { size, sha256: hash.digest('hex') };
}

/** Makes a file that only its owner can read, under any umask. */
async function openPrivate(file: string): Promise<FileHandle> {
  const handle = await open(file, 'wx', PRIVATE_MODE);
  try {
    // a umask may take from the mode even what its owner needs
    await handle.chmod(PRIVATE_MODE);
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/**
 * Lets those read a file of an object that may read the directory it is in. Best effort: the object is whole either way.
 *
 * @param file under its final name.
 */
export async function publishMode(file: string, directory: string): Promise<void> {
  try {
    const { mode } = await stat(directory);
    const readers = mode & READ_BY_OTHERS;
    if (readers === 0) return;
    const { handle } = await openRegular(file);
    try {
      await handle.chmod(PRIVATE_MODE | readers);
    } finally {
      await handle.close();
    }
  } catch {
    // another user's directory, or a file system without modes
  }
}

/** Writes a small file that only its owner can read, under any umask, and syncs it. */
export async function writeText(file: string, text: string): Promise<void> {
  const handle = await openPrivate(file);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function writeWhole(handle: FileHandle, block: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < block.byteLength; ) {
    const { bytesWritten } = await handle.write(block, done, block.byteLength - done, position + done);
    done += bytesWritten;
  }
}

/**
 * Reads a file back and compares it with what was sent.
 * @throws `STORE_MISMATCH` (retryable).
 */
export async function verifyFile(file: string, expected: StoredFile, key: string): Promise<void> {
  const { handle } = await openRegular(file);
  const hash = createHash('sha256');
  let size = 0;
  try {
    const block = Buffer.allocUnsafe(Math.min(BLOCK_BYTES, expected.size + 1));
    for (;;) {
      const { bytesRead } = await handle.read(block, 0, block.byteLength, size);
      if (bytesRead === 0) break;
      hash.update(block.subarray(0, bytesRead));
      size += bytesRead;
    }
  } finally {
    await handle.close();
  }
  if (size !== expected.size || hash.digest('hex') !== expected.sha256) {
    throw new ArchiveError('STORE_MISMATCH', 'the file read back is not what was written', {
      details: { key, sent: expected.size, stored: size },
    });
  }
}
