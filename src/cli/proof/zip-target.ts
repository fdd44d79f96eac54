import { createHash } from 'node:crypto';
import { access, open, rename, rm } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { ArchiveError, describeForeign } from '../../errors.ts';
import type { PackageTarget } from '../../proof/evidence/package-file.ts';

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

/**
 * Writes a package into one ZIP file, uncompressed: recordings are encrypted, or compressed already.
 *
 * @throws `OUTPUT_EXISTS`, `OUTPUT_FAILED` also above 4 GiB.
 */
export async function openZip(place: string): Promise<PackageTarget> {
  if (
    await access(place).then(
      () => true,
      () => false,
    )
  ) {
    throw new ArchiveError('OUTPUT_EXISTS', `${place} exists already`, {
      hint: 'choose another name, or remove it',
    });
  }
  const partial = `${place}.partial`;
  const file = await open(partial, 'w', 0o600).catch((error: unknown) => {
    throw failed(place, describeForeign(error));
  });
  const written: Written[] = [];
  let offset = 0;
  const append = async (bytes: Uint8Array) => {
    await file.writeFile(bytes);
    offset += bytes.length;
    if (offset > MAX_ZIP_BYTES)
      throw failed(place, 'it would be larger than 4 GiB', 'write a folder instead');
  };
  return {
    async write({ name, body }) {
      const begun = offset;
      const hash = createHash('sha256');
      let [crc, size] = [0, 0];
      if (written.length === MAX_FILES)
        throw failed(place, 'it would hold too many files', 'write a folder instead');
      const encoded = Buffer.from(name);
      await append(
        Buffer.concat([
          fields(
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
          ),
          encoded,
        ]),
      );
      for await (const chunk of body instanceof Uint8Array ? [body] : body) {
        hash.update(chunk);
        crc = crc32(chunk, crc);
        size += chunk.length;
        await append(chunk);
      }
      await append(fields([4, 0x08074b50], [4, crc], [4, size], [4, size]));
      written.push({ name: encoded, crc, size, offset: begun });
      return hash.digest('hex');
    },
    async commit() {
      const directory = offset;
      for (const { name, crc, size, offset: at } of written) {
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
          [4, at],
        );
        await append(Buffer.concat([header, name]));
      }
      const length = offset - directory;
      await append(
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
      await file.close();
      await rename(partial, place);
    },
    async abandon() {
      await file.close().catch(() => {});
      await rm(partial, { force: true });
    },
  };
}

/** Little-endian numbers, each with its width in bytes. */
function fields(...values: readonly (readonly [width: 2 | 4, value: number])[]): Buffer {
  const bytes = Buffer.alloc(values.reduce((sum, [width]) => sum + width, 0));
  let at = 0;
  for (const [width, value] of values) at = bytes.writeUIntLE(value, at, width);
  return bytes;
}

function failed(place: string, why: string, hint?: string): ArchiveError {
  return new ArchiveError(
    'OUTPUT_FAILED',
    `${place} cannot be written: ${why}`,
    hint === undefined ? {} : { hint },
  );
}
