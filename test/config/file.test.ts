import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DEFAULT_CONFIG_FILE, readConfigFile } from '../../src/config/file.ts';

describe('readConfigFile', () => {
  let directory = '';
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'config-file-'));
  });
  afterEach(async () => {
    await rm(directory, { recursive: true });
  });

  it('reads the file that is named, relative to the directory', async () => {
    await writeFile(join(directory, 'mine.json'), '\uFEFF{"ARCHIVE_STORE": "file:./x"}');
    expect(await readConfigFile('mine.json', directory)).toEqual({
      path: 'mine.json',
      values: { ARCHIVE_STORE: 'file:./x' },
      isNamed: true,
    });
  });

  it('reads the usual file where there is one, and is content without', async () => {
    expect(await readConfigFile(undefined, directory)).toBeUndefined();
    await writeFile(join(directory, DEFAULT_CONFIG_FILE), '{"ARCHIVE_LOG_LEVEL": "debug"}');
    expect((await readConfigFile(undefined, directory))?.values).toEqual({ ARCHIVE_LOG_LEVEL: 'debug' });
  });

  it('reads 64 KiB, and no byte more', async () => {
    const text = `{"x":"${'y'.repeat(65_536 - 8)}"}`;
    await writeFile(join(directory, 'mine.json'), text);
    expect((await readConfigFile('mine.json', directory))?.values).toHaveProperty('x');
    await writeFile(join(directory, 'mine.json'), `${text} `);
    await expect(readConfigFile('mine.json', directory)).rejects.toThrow('is longer than 65536 bytes');
  });

  it.each([
    [
      'no JSON',
      '{\n  "ARCHIVE_STORE": "file:canary",\n  "GENESYS_CLIENT_SECRET": "canary',
      'the config file mine.json is not JSON: line 3: no value stands where one is expected',
    ],
    [
      'JSON but for a comma',
      '{\n  "ARCHIVE_STORE": "file:canary"\n  "ARCHIVE_KINDS": "canary"\n}',
      'the config file mine.json is not JSON: line 3: a comma or } is missing',
    ],
    [
      'JSON but for a comment',
      '{\n  // canary\n  "ARCHIVE_KINDS": "canary"\n}',
      'the config file mine.json is not JSON: line 2: a name in quotes is missing',
    ],
    [
      'JSON with a bad escape',
      '{"\\canary": 1}',
      'the config file mine.json is not JSON: line 1: this is no JSON',
    ],
    ['nested too deeply', '['.repeat(70), 'the config file mine.json is not JSON: it is nested too deeply'],
    ['empty', '', 'the config file mine.json is not JSON: it is empty'],
    ['a list', '["canary"]', 'the config file mine.json is not one JSON object'],
    ['null', 'null', 'the config file mine.json is not one JSON object'],
    [
      'too long',
      `{"x":"${'canary'.repeat(20_000)}"}`,
      'the config file mine.json is longer than 65536 bytes',
    ],
  ])('refuses a file that is %s, without repeating it', async (_, text, message) => {
    await writeFile(join(directory, 'mine.json'), text);
    await expect(readConfigFile('mine.json', directory)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message,
    });
  });

  it('refuses a named file that does not exist or is a directory', async () => {
    await expect(readConfigFile('none.json', directory)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: 'the config file none.json does not exist',
    });
    await expect(readConfigFile('.', directory)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});
