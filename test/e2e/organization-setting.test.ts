import { describe, expect, it } from 'vitest';
import { runHere } from '../cli/run-here.ts';
import { ORGANIZATION, startKeyedArchive } from './keyed-archive.ts';

const OTHER = '11111111-52a4-4a8b-9c55-1f3f6a1a9b77';

describe('another organization in GENESYS_ORGANIZATION_ID than the archive is of', () => {
  it('is told as a setting that is wrong, not as objects that were tampered with', async () => {
    const { keys, stores, archive, receiptOf, restore, base } = await startKeyedArchive();
    const store = stores['directory'] ?? '';
    const { key } = await archive(keys.kms.write, store);
    expect((await receiptOf(store, key)).ids.organization).toBe(ORGANIZATION);
    const env = { ...base, ...keys.kms.read, ARCHIVE_STORE: store, GENESYS_ORGANIZATION_ID: OTHER };

    const verified = await runHere(['verify', '--all', '--json'], { env });
    expect(verified.code).toBe(2);
    expect(verified.records().filter(({ type }) => type === 'finding')).toEqual([]);
    expect(verified.stdout).toContain('GENESYS_ORGANIZATION_ID names another organization');
    expect(verified.stderr).not.toContain('RECEIPT_MISMATCH');

    const { hint } = (await restore({ ...keys.kms.read, GENESYS_ORGANIZATION_ID: OTHER }, store, key)) as {
      readonly hint?: string;
    };
    expect(hint).toContain('check GENESYS_ORGANIZATION_ID');
    expect(
      (await runHere(['verify', '--all'], { env: { ...env, GENESYS_ORGANIZATION_ID: ORGANIZATION } })).code,
    ).toBe(0);
  });
});

describe('a recording of another wrap than a key is configured for', () => {
  it.each([
    ['rsa', 'ARCHIVE_PRIVATE_KEY_FILE'],
    ['aes', 'ARCHIVE_KEYRING_FILE'],
    ['kms', 'ARCHIVE_KMS_KEY_ID'],
    ['static', 'ENCRYPTION_KEY_HEX'],
  ] as const)('%s: names %s', async (mode, setting) => {
    const { keys, stores, archive, restore } = await startKeyedArchive();
    const store = stores['directory'] ?? '';
    const { key } = await archive(keys[mode].write, store);
    const elsewhere = mode === 'static' ? keys.aes.read : keys.static.read;
    const result = await restore(elsewhere, store, key);
    expect(result).toMatchObject({
      code: 'DECRYPT_FAILED',
      hint: expect.stringContaining(`set ${setting} `) as unknown,
    });
  });
});
