import { randomBytes } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ArchiveError } from '../../src/errors.ts';
import { detectFormat } from '../../src/envelope/detect.ts';
import {
  ciphertextSize,
  createSealingCipher,
  createUnsealingCipher,
  MAX_PLAINTEXT_SIZE,
  plaintextSize,
} from '../../src/envelope/gcm.ts';
import { parseKeyring } from '../../src/envelope/keys/keyring.ts';
import { createAesWrapper } from '../../src/envelope/raw-wrap.ts';
import { sealS3ecV2 } from '../../src/envelope/s3ec/v2.ts';
import { sealS3ecV3 } from '../../src/envelope/s3ec/v3.ts';
import { chunked, run } from './bytes.ts';

const wrapper = createAesWrapper({ kid: 'k1', key: randomBytes(32) });
const v2 = (await sealS3ecV2(wrapper, {})).metadata;
const v3 = (await sealS3ecV3(wrapper, {})).metadata;
const v1 = { 'x-amz-key': 'AAAA', 'x-amz-iv': 'AAAA', 'x-amz-matdesc': '{}' };

describe('detection, of any metadata and any instruction file,', () => {
  it('answers anything with a format or OBJECT_MALFORMED', () => {
    const names = [
      ...Object.keys({ ...v2, ...v3, encryption: '', iv: '', ...v1 }),
      '__proto__',
      'constructor',
    ];
    const metadata = fc.dictionary(fc.constantFrom(...names), fc.string());
    const file = fc.option(
      fc.oneof(
        fc.json(),
        metadata.map((map) => JSON.stringify(map)),
        fc.string(),
      ),
      {
        nil: undefined,
      },
    );
    fc.assert(
      fc.property(metadata, file, (map, text) => {
        try {
          expect(['static-gcm', 's3ec-v2', 's3ec-v3']).toContain(detectFormat(map, text).format);
        } catch (error) {
          expect(error).toBeInstanceOf(ArchiveError);
          expect((error as ArchiveError).code).toBe('OBJECT_MALFORMED');
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('a keyring, of any text,', () => {
  it('answers any text with a keyring or CONFIG_INVALID', () => {
    const isRefused = (text: string) => {
      try {
        parseKeyring(text);
        return false;
      } catch (error) {
        return error instanceof ArchiveError && error.code === 'CONFIG_INVALID';
      }
    };
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
        expect(isRefused(text)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('sizes', () => {
  it('are each other’s inverse over the whole range', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: MAX_PLAINTEXT_SIZE }), (bytes) => {
        expect(plaintextSize(ciphertextSize(bytes))).toBe(bytes);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('one message', () => {
  it('survives any chunking in either direction', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.option(fc.uint8Array({ maxLength: 40 }), { nil: undefined }),
        fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 30 }),
        fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 30 }),
        (plaintext, aad, sealingCuts, unsealingCuts) => {
          const shared = {
            key: randomBytes(32),
            iv: randomBytes(12),
            ...(aad === undefined ? {} : { additionalAuthenticatedData: aad }),
          };
          const body = run(createSealingCipher(shared), chunked(plaintext, sealingCuts));
          expect(body.length).toBe(ciphertextSize(plaintext.length));
          const read = run(createUnsealingCipher(shared), chunked(body, unsealingCuts));
          expect(read).toEqual(Buffer.from(plaintext));
        },
      ),
      { numRuns: 1000 },
    );
  });
});
