import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it, onTestFinished } from 'vitest';
import { describeMalformed, parseIds, readIds } from '../../../src/cli/restore/read-ids.ts';
import { makeDirectory } from '../run-cli.ts';

const [A, B] = ['11111111-1111-4111-8111-111111111111', '22222222-2222-4222-8222-222222222222'];
const KEY = `archive/2026/05/20/${A}.enc`;
const from = (bytes: Uint8Array) => readIds('-', Readable.from([bytes]));

describe('a list of recordings', () => {
  it.each([
    ['lines', `${A}\n${B}\n`],
    ['lines that end as Windows ends them, with blanks around', `  ${A} \r\n\r\n${B}\t\r\n`],
    ['lines without a last line feed', `${A}\n${B}`],
    ['comments', `# of the case\n${A}\n# and\n${B}`],
    ['CSV with a header', `recordingId,agent\n${A},x\n${B},y\n`],
    [
      'CSV with semicolons, as Excel writes it',
      `sep=;\r\n"Recording ID";"Agent"\r\n"${A}";"x;y"\r\n${B};\r\n`,
    ],
    ['CSV with tabs', `id\tagent\n${A}\tx\n${B}\ty`],
    ['CSV without a header', `"${A}","x ""y"""\n"${B}"\n`],
    ['JSON lines of strings', `"${A}"\n"${B}"\n`],
    ['JSON lines of objects', `{"recordingId":"${A}"}\n{"id":"${B}","x":[]}\n`],
    ['a JSON array', `[\n "${A}",\n {"mediaId":"${B}"}\n]`],
    ['the same twice', `${A}\n${B}\n${A}\n`],
  ])('reads %s', (_, text) => {
    expect(parseIds(text)).toEqual({ ids: [A, B], malformed: [] });
  });

  it('takes keys, and of what `list --json` prints the key, which is exact', () => {
    expect(parseIds(`${KEY}\n{"type":"recording","recordingId":"${A}","key":"${KEY}2"}`).ids).toEqual([
      KEY,
      `${KEY}2`,
    ]);
  });

  it.each([
    ['a blank within an id', 'a b'],
    ['a control character', 'a\u0007b'],
    ['a dot, or two', '..'],
    ['a key that leads out of the archive', 'archive/../../etc/passwd'],
    ['a key from the root', '/etc/passwd'],
    ['a key with an empty part', 'archive//x.enc'],
    ['JSON that is cut', '{"recordingId":"11111111'],
    ['JSON without an id', '{"agent":"x"}'],
    ['a number', '{"id":17}'],
    ['quotes that do not end', '"abc'],
    ['an empty first column', ',x'],
    ['an id that is too long', 'a'.repeat(129)],
  ])('names the line of %s, and takes the others', (_, line) => {
    const { ids, malformed } = parseIds(`${A}\n${line}\n${B}\n`);
    expect(ids).toEqual([A, B]);
    expect(malformed).toEqual([expect.stringMatching(/^line 2 \("/)]);
  });

  it('names ten malformed lines, and counts the others', () => {
    const { malformed } = parseIds('?\n'.repeat(25));
    const told = describeMalformed(malformed);
    expect(told).toContain('line 10 ("?"); and in 15 more');
    expect(told).not.toContain('line 11');
  });

  it('reads UTF-16 and byte order marks, as PowerShell writes them', async () => {
    const text = `recordingId,agent\r\n${A},x\r\n${B},y\r\n`;
    const utf16 = Buffer.from(`\uFEFF${text}`, 'utf16le');
    for (const bytes of [utf16, Buffer.from(utf16).swap16(), Buffer.from(`\uFEFF${text}`)]) {
      expect((await from(bytes)).ids).toEqual([A, B]);
    }
  });

  it('refuses what is no text, is empty or cannot be read', async () => {
    await expect(from(Buffer.from([0x61, 0xff, 0xfe, 0x0a]))).rejects.toMatchObject({ code: 'USAGE' });
    await expect(from(Buffer.from('# nothing\n\nid,agent\n'))).rejects.toThrow('names no recordings');
    await expect(readIds('/nowhere/ids', Readable.from([]))).rejects.toThrow('cannot be read');
    const { dir, remove } = await makeDirectory();
    onTestFinished(remove);
    await writeFile(path.join(dir, 'ids'), A);
    expect((await readIds(path.join(dir, 'ids'), Readable.from([]))).ids).toEqual([A]);
  });
});
