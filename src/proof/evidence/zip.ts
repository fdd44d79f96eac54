/** Writes a package as one ZIP file, uncompressed: recordings are encrypted, or compressed already. */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { ArchiveError } from '../../errors.ts';
import type { PackageFile } from './package-file.ts';

/** Bytes; beyond, the format needs fields that this writer does not write. */
const MAX_ZIP_BYTES = 0xff_ff_ff_ff;
const MAX_FILES = 0xff_ff;

/** Stored, with sizes after the body, names in UTF-8: APPNOTE.TXT 6.3.10, sections 4.3.7 to 4.3.16. */
const FLAGS = 0x0808;
const VERSION = 20;

interface Written {
  readonly name: Buffer;
  readonly crc: number;
  readonly size: number;
  readonly offset: number;
}

export interface ZipWriter {
  /** @returns SHA-256 of what was written, hex. */
  write(file: PackageFile): Promise<string>;
  /** Writes the directory, without which nothing of the file can be read. */
  finish(): Promise<void>;
}

/**
 * @param append takes bytes in their order.
 * @param place for messages.
 * @throws `OUTPUT_FAILED` above 4 GiB or 65,535 files; what `append` throws.
 */
export function createZipWriter(append: (bytes: Uint8Array) => Promise<void>, place: string): ZipWriter {
  const written: Written[] = [];
  let offset = 0;
  const put = async (bytes: Uint8Array) => {
    offset += bytes.length;
    if (offset > MAX_ZIP_BYTES) throw tooMuch(place, 'it would be larger than 4 GiB');
    await append(bytes);
  };
  return {
    async write({ name, body }) {
      const begun = offset;
      const hash = createHash('sha256');
      let [crc, size] = [0, 0];
      if (written.length === MAX_FILES) throw tooMuch(place, 'it would hold too many files');
      const encoded = Buffer.from(name);
      const header = fields(
        [4, 0x04034b50],
        [2, VERSION],
        [2, FLAGS],
        [2, 0],
        [2, 0],
        [2, 0x21],
        [4, 0],
        [4, 0],
        [4, 0],
        [2, encoded.length],
        [2, 0],
      );
      await put(Buffer.concat([header, encoded]));
      for await (const chunk of body instanceof Uint8Array ? [body] : body) {
        hash.update(chunk);
        crc = crc32(chunk, crc);
        size += chunk.length;
        await put(chunk);
      }
      await put(fields([4, 0x08074b50], [4, crc], [4, size], [4, size]));
      written.push({ name: encoded, crc, size, offset: begun });
      return hash.digest('hex');
    },
    async finish() {
      const directory = offset;
      for (const entry of written) await put(centralHeader(entry));
      const length = offset - directory;
      await put(
        fields(
          [4, 0x06054b50],
          [2, 0],
          [2, 0],
          [2, written.length],
          [2, written.length],
          [4, length],
          [4, directory],
          [2, 0],
        ),
      );
    },
  };
}

function centralHeader({ name, crc, size, offset }: Written): Buffer {
  const header = fields(
    [4, 0x02014b50],
    [2, VERSION],
    [2, VERSION],
    [2, FLAGS],
    [2, 0],
    [2, 0],
    [2, 0x21],
    [4, crc],
    [4, size],
    [4, size],
    [2, name.length],
    [2, 0],
    [2, 0],
    [2, 0],
    [2, 0],
    [4, 0],
    [4, offset],
  );
  return Buffer.concat([header, name]);
}

/** Little-endian numbers, each with its width in bytes. */
function fields(...values: readonly (readonly [width: 2 | 4, value: number])[]): Buffer {
  const bytes = Buffer.alloc(values.reduce((sum, [width]) => sum + width, 0));
  let at = 0;
  for (const [width, value] of values) at = bytes.writeUIntLE(value, at, width);
  return bytes;
}

function tooMuch(place: string, why: string): ArchiveError {
  return new ArchiveError('OUTPUT_FAILED', `${place} cannot be written: ${why}`, {
    hint: 'name fewer recordings, or write a folder instead: `genesys-archive evidence ID… -o FOLDER`',
  });
}
