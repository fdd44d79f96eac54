/**
 * Text that people and their tools write: settings, keys, events. UTF-8 is what it should be. PowerShell writes UTF-16 and byte
 * order marks, so both are read. Anything else is refused: a wrong guess would change names and keys without a word.
 */
import { constants, type Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { ArchiveError, type ErrorCode } from './errors.ts';
import { gatherBytes } from './gather-bytes.ts';

const ENCODING_HINT =
  'save it as UTF-8 without a byte order mark; in PowerShell: Set-Content -Encoding utf8NoBOM, or Out-File -Encoding ascii';

type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be' | 'utf-32';

/**
 * The text of `bytes`, without its byte order mark. The encoding is that of the mark; without one, UTF-16 is told by the zero
 * bytes beside its first, ASCII, character.
 *
 * @param what names the text in messages, such as `the config file x.json`.
 * @throws ArchiveError of `code` when the bytes are no text in UTF-8 or UTF-16; it quotes none of them.
 */
export function decodeText(bytes: Uint8Array, what: string, code: ErrorCode): string {
  const encoding = detectEncoding(bytes);
  const refuse = (problem: string) => new ArchiveError(code, `${what} ${problem}`, { hint: ENCODING_HINT });
  if (encoding === 'utf-32') throw refuse('is encoded in UTF-32, which is not read');
  let text: string;
  try {
    text = decodeAs(encoding, bytes);
  } catch {
    throw refuse(`is not valid ${encoding === 'utf-8' ? 'UTF-8' : 'UTF-16'} text`);
  }
  // such as UTF-16 that was appended to UTF-8
  if (text.includes('\0')) throw refuse('holds zero bytes: it is not text, or mixes encodings');
  return text;
}

function detectEncoding(bytes: Uint8Array): Encoding {
  const [first, second, third, fourth] = bytes;
  if (first === 0xff && second === 0xfe && third === 0 && fourth === 0) return 'utf-32';
  if (first === 0 && second === 0 && third === 0xfe && fourth === 0xff) return 'utf-32';
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  if (first === 0xfe && second === 0xff) return 'utf-16be';
  if (bytes.length >= 2 && first !== 0 && second === 0) return 'utf-16le';
  if (bytes.length >= 2 && first === 0 && second !== 0) return 'utf-16be';
  return 'utf-8';
}

function decodeAs(encoding: Exclude<Encoding, 'utf-32'>, bytes: Uint8Array): string {
  if (encoding !== 'utf-16be') return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  // builds of Node.js with few encodings know UTF-16 in one byte order only
  return new TextDecoder('utf-16le', { fatal: true }).decode(Buffer.from(bytes).swap16());
}

/** How {@link readTextFile} reads one kind of file. */
export interface TextFileOptions {
  /** Names the file in messages, such as `the keyring file keyring.json`. */
  readonly what: string;
  readonly code: ErrorCode;
  /** A longer file is refused. */
  readonly maxBytes: number;
  /** Refuses by throwing, before anything is read. It sees the open file: the name may point elsewhere a moment later. */
  readonly check?: (stats: Stats) => void;
  /** Refuses a symbolic link and anything but a regular file, without waiting for the other end of a pipe. */
  readonly onlyRegular?: boolean;
}

/**
 * Reads a text file, a pipe or a device whole.
 *
 * @throws ArchiveError of `code` when it is too long or no text; what `check` throws; the file system's own errors.
 */
export async function readTextFile(path: string, options: TextFileOptions): Promise<string> {
  const { what, code, maxBytes, check, onlyRegular = false } = options;
  const flags = onlyRegular ? constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK : 'r';
  const file = await open(path, flags);
  try {
    const stats = await file.stat();
    if (onlyRegular && !stats.isFile()) throw new ArchiveError(code, `${what} is not a regular file`);
    check?.(stats);
    const tooLong = () => new ArchiveError(code, `${what} is longer than ${maxBytes} bytes`);
    return decodeText(await gatherBytes(chunksOf(file), maxBytes, tooLong), what, code);
  } finally {
    await file.close();
  }
}

/** Reads without a position, which pipes and devices have none of. */
async function* chunksOf(file: FileHandle): AsyncGenerator<Buffer, void, undefined> {
  for (;;) {
    const { bytesRead, buffer } = await file.read({ buffer: Buffer.allocUnsafe(64 * 1024), position: null });
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
  }
}
