import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type KeyMode, loadConfig, type ObjectFormat } from '../../src/config/config.ts';
import { ArchiveError } from '../../src/errors.ts';
import { KEY, load, refusalOf, tutorial } from './config-fixture.ts';

const { ENCRYPTION_KEY_HEX: _, ...keyless } = tutorial;
const kms = { ARCHIVE_KMS_KEY_ID: 'alias/recordings', GENESYS_ORGANIZATION_ID: 'o-1' };
const aes = { ARCHIVE_KEYRING_FILE: 'keyring.json' };
const rsa = { ARCHIVE_PUBLIC_KEY_FILE: 'public.pem' };
const archiveWith = (env: Record<string, string>) => loadConfig({ env: { ...keyless, ...env } }, 'archive');
const problems = (env: Record<string, string>) =>
  refusalOf({ env: { ...keyless, ...env } })
    .message.split('\n')
    .slice(1);

describe('what new objects are written with', () => {
  it.each<[string, Record<string, string>, KeyMode, ObjectFormat]>([
    ['the static key alone', { ENCRYPTION_KEY_HEX: KEY }, 'static', 'static-gcm'],
    ['a KMS key', kms, 'kms', 's3ec-v3'],
    ['a keyring', aes, 'aes', 's3ec-v3'],
    ['a public key', rsa, 'rsa', 's3ec-v3'],
    ['a keyring, and a static key to read', { ...aes, ENCRYPTION_KEY_HEX: KEY }, 'aes', 's3ec-v3'],
    ['a keyring, for older clients', { ...aes, ARCHIVE_FORMAT: 's3ec-v2' }, 'aes', 's3ec-v2'],
    [
      'the static key, said so, and a keyring to read',
      { ...aes, ENCRYPTION_KEY_HEX: KEY, ARCHIVE_FORMAT: 'static-gcm' },
      'static',
      'static-gcm',
    ],
  ])('%s', (_name, env, mode, format) => {
    const { encryption } = archiveWith(env);
    expect([encryption.mode, encryption.format]).toEqual([mode, format]);
  });

  it.each([
    'alias/recordings',
    'alias/a/b_c-1',
    '1234abcd-12ab-34cd-56ef-1234567890ab',
    'mrk-1234abcd12ab34cd56ef1234567890ab',
    'arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab',
    'arn:aws:kms:us-east-1:123456789012:key/mrk-1234abcd12ab34cd56ef1234567890ab',
    'arn:aws-us-gov:kms:us-gov-west-1:123456789012:alias/recordings',
  ])('a KMS key may be called %s', (id) => {
    const { encryption, organizationId } = archiveWith({ ...kms, ARCHIVE_KMS_KEY_ID: id });
    expect([encryption.kmsKeyId, organizationId]).toEqual([id, 'o-1']);
  });

  it.each<[string, Record<string, string>, RegExp]>([
    ['nothing', {}, /^ {2}ENCRYPTION_KEY_HEX: is missing/],
    ['a format without its key', { ARCHIVE_FORMAT: 's3ec-v3' }, /^ {2}ENCRYPTION_KEY_HEX: is missing/],
    [
      'a static key for a format with data keys',
      { ENCRYPTION_KEY_HEX: KEY, ARCHIVE_FORMAT: 's3ec-v3' },
      /^ {2}ARCHIVE_FORMAT: needs a source of wrapping keys/,
    ],
    [
      'the static format without the static key',
      { ...aes, ARCHIVE_FORMAT: 'static-gcm' },
      /^ {2}ENCRYPTION_KEY_HEX: is missing/,
    ],
    ['two sources', { ...kms, ...aes }, /^ {2}ARCHIVE_KEYRING_FILE: and ARCHIVE_KMS_KEY_ID are both set/],
    ['two others', { ...aes, ...rsa }, /^ {2}ARCHIVE_PUBLIC_KEY_FILE: and ARCHIVE_KEYRING_FILE are both set/],
    [
      'KMS without an organization to bind',
      { ARCHIVE_KMS_KEY_ID: 'alias/recordings' },
      /^ {2}GENESYS_ORGANIZATION_ID: is missing, and ARCHIVE_KMS_KEY_ID binds/,
    ],
    ['a malformed key only', { ENCRYPTION_KEY_HEX: 'abc' }, /^ {2}ENCRYPTION_KEY_HEX: must have exactly/],
    [
      'a malformed KMS key only',
      { ...kms, ARCHIVE_KMS_KEY_ID: 'x' },
      /^ {2}ARCHIVE_KMS_KEY_ID: is not an id/,
    ],
  ])('%s is one problem', (_name, env, problem) => {
    expect(problems(env)).toEqual([expect.stringMatching(problem)]);
  });

  it('is never in doubt: one mode, or a refusal', () => {
    const optional = <T extends string>(...values: T[]) =>
      fc.option(fc.constantFrom(...values), { nil: undefined });
    const settings = fc.record({
      ENCRYPTION_KEY_HEX: optional(KEY),
      ARCHIVE_KMS_KEY_ID: optional('alias/x'),
      ARCHIVE_KEYRING_FILE: optional('k.json'),
      ARCHIVE_PUBLIC_KEY_FILE: optional('k.pem'),
      ARCHIVE_FORMAT: optional('static-gcm', 's3ec-v2', 's3ec-v3'),
      GENESYS_ORGANIZATION_ID: optional('o-1'),
    });
    let accepted = 0;
    fc.assert(
      fc.property(settings, (env) => {
        const wrapping = [env.ARCHIVE_KMS_KEY_ID, env.ARCHIVE_KEYRING_FILE, env.ARCHIVE_PUBLIC_KEY_FILE];
        const sources = wrapping.filter((source) => source !== undefined).length;
        try {
          const { encryption } = loadConfig({ env: { ...keyless, ...env } }, 'archive');
          accepted += 1;
          expect(encryption.format === 'static-gcm').toBe(encryption.mode === 'static');
          expect(env.ARCHIVE_FORMAT ?? encryption.format).toBe(encryption.format);
          // the static key never writes where a wrapping key is set, unless that is said
          const expectStatic = env.ARCHIVE_FORMAT === 'static-gcm' || sources === 0;
          expect(encryption.mode === 'static').toBe(expectStatic);
          expect(expectStatic || sources === 1).toBe(true);
        } catch (error) {
          expect((error as ArchiveError).code).toBe('CONFIG_INVALID');
        }
      }),
      { numRuns: 1000 },
    );
    expect(accepted).toBeGreaterThan(50);
  });
});

describe('what is read with', () => {
  it('any source, and several', () => {
    const sources: Record<string, string>[] = [
      { ENCRYPTION_KEY_HEX: KEY },
      { ARCHIVE_KMS_KEY_ID: 'alias/recordings' },
      aes,
      { ARCHIVE_PRIVATE_KEY_FILE: 'private.pem' },
    ];
    const all: Record<string, string> = Object.assign({}, ...sources);
    for (const env of [...sources, all]) {
      const { encryption } = loadConfig({ env }, 'restore');
      expect(Object.keys(encryption)).toHaveLength(Object.keys(env).length);
    }
    const { message } = refusalOf({ env: rsa }, 'restore');
    expect(message).toContain('ARCHIVE_PRIVATE_KEY_FILE: is missing: ARCHIVE_PUBLIC_KEY_FILE can only write');
    expect(message).not.toContain('ENCRYPTION_KEY_HEX');
    expect(refusalOf({ env: {} }, 'restore').message).toContain(
      'ENCRYPTION_KEY_HEX: is missing, and so is every other source of keys',
    );
  });

  it('the private key is none of the archiver’s business', () => {
    const config = archiveWith({ ...rsa, ARCHIVE_PRIVATE_KEY_FILE: 'private.pem' });
    expect(config.encryption).toEqual({ publicKeyFile: 'public.pem', mode: 'rsa', format: 's3ec-v3' });
    expect(load({}).encryption).not.toHaveProperty('privateKeyFile');
  });
});
