import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { createZipWriter } from '../../../src/proof/evidence/zip.ts';
import { failure } from '../../failure.ts';

async function* chunksOf(...chunks: readonly string[]) {
  for (const chunk of chunks) yield await Promise.resolve(Buffer.from(chunk));
}

describe('a package as one ZIP file', () => {
  it('is as APPNOTE.TXT 6.3.10 has it: local headers, descriptors, directory and end, to the byte', async () => {
    const parts: Buffer[] = [];
    const zip = createZipWriter((bytes) => Promise.resolve(void parts.push(Buffer.from(bytes))), 'case.zip');
    const sums = [
      await zip.write({ name: 'a.txt', body: Buffer.from('first') }),
      await zip.write({ name: 'b/é', body: chunksOf('sec', 'ond') }),
    ];
    await zip.finish();
    expect(sums).toEqual(['first', 'second'].map((text) => createHash('sha256').update(text).digest('hex')));
    const bytes = Buffer.concat(parts);
    const end = bytes.length - 22;
    const files = [
      { name: 'a.txt', text: 'first' },
      { name: 'b/é', text: 'second' },
    ];
    let [local, central] = [0, bytes.readUInt32LE(end + 16)];
    expect(bytes.subarray(end).toString('hex')).toBe(
      `504b05060000000002000200${u32(end - central)}${u32(central)}0000`,
    );
    for (const { name, text } of files) {
      const length = Buffer.byteLength(name);
      const crc = u32(crc32(text));
      const size = u32(text.length);
      // signature, version 2.0, flags: sizes follow, names in UTF-8; stored, 1980-01-01 00:00
      const head = `504b030414000808000000002100${'00'.repeat(12)}`;
      expect(bytes.subarray(local, local + 30).toString('hex')).toBe(`${head}${u16(length)}0000`);
      const body = local + 30 + length;
      expect(bytes.subarray(local + 30, body).toString()).toBe(name);
      expect(bytes.subarray(body, body + text.length).toString()).toBe(text);
      const after = body + text.length;
      expect(bytes.subarray(after, after + 16).toString('hex')).toBe(`504b0708${crc}${size}${size}`);
      const entry = `504b0102140014000808000000002100${crc}${size}${size}`;
      const rest = `${u16(length)}${'0000'.repeat(4)}00000000${u32(local)}`;
      expect(bytes.subarray(central, central + 46).toString('hex')).toBe(`${entry}${rest}`);
      expect(bytes.subarray(central + 46, central + 46 + length).toString()).toBe(name);
      local = after + 16;
      central += 46 + length;
    }
    expect(central).toBe(end);
  });

  it('is not larger than 4 GiB, and says what to do instead', async () => {
    let written = 0;
    const zip = createZipWriter((bytes) => Promise.resolve(void (written += bytes.length)), 'case.zip');
    const chunk = Buffer.alloc(0);
    Object.defineProperty(chunk, 'length', { value: 0xff_ff_ff_ff - 31 });
    const error = await failure(zip.write({ name: 'a', body: big(chunk) }));
    // as many bytes as the format can count are taken
    expect([error.code, written]).toEqual(['OUTPUT_FAILED', 0xff_ff_ff_ff]);
    expect(error.message).toBe('case.zip cannot be written: it would be larger than 4 GiB');
    expect(error.hint).toContain('write a folder instead');
  });
});

const u16 = (value: number) => Buffer.from([value & 255, value >> 8]).toString('hex');
function u32(value: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes.toString('hex');
}

/** One that only says that it is large: it is counted by its length. */
async function* big(chunk: Uint8Array) {
  yield await Promise.resolve(chunk);
}
