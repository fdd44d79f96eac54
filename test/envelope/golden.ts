import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ArchiveError } from '../../src/errors.ts';
import { createKmsWrap, type DataKeyService, type KeyUnwrapper } from '../../src/envelope/key-wrap.ts';
import { createAesUnwrapper, createRsaUnwrapper } from '../../src/envelope/raw-wrap.ts';
import { canonical } from './bytes.ts';

/** An object written by one of AWS's own clients, with all that is needed to check every step of reading it. */
export interface GoldenObject {
  readonly producer: string;
  readonly format: 'V2' | 'V3';
  readonly wrap: string;
  readonly metadata: Record<string, string>;
  readonly ciphertext_b64: string;
  readonly plaintext_b64: string;
  readonly dataKeyHex: string;
  readonly wrappingKeyHex?: string;
  readonly rsaPrivateKeyPem?: string;
}

export const goldenObjects: readonly GoldenObject[] = ['ruby-v2.json', 'python-v3.json'].flatMap(
  (name) =>
    JSON.parse(readFileSync(new URL(`../vectors/${name}`, import.meta.url), 'utf8')) as GoldenObject[],
);

/** Every key that the golden object needs. The key service of its KMS wrap knows that one data key only. */
export function goldenUnwrapper(golden: GoldenObject): KeyUnwrapper {
  if (golden.rsaPrivateKeyPem !== undefined) {
    return createRsaUnwrapper([{ kid: 'r1', key: createPrivateKey(golden.rsaPrivateKeyPem) }]);
  }
  if (golden.wrappingKeyHex !== undefined) {
    return createAesUnwrapper([{ kid: 'k1', key: Buffer.from(golden.wrappingKeyHex, 'hex') }]);
  }
  return createKmsWrap(recordedKeyService(golden));
}

function recordedKeyService(golden: GoldenObject): DataKeyService {
  const blob = golden.metadata['x-amz-3'] ?? golden.metadata['x-amz-key-v2'];
  const context = JSON.parse(golden.metadata['x-amz-t'] ?? golden.metadata['x-amz-matdesc'] ?? '') as Record<
    string,
    string
  >;
  return {
    generate: () => Promise.reject(new ArchiveError('UNEXPECTED', 'this service only decrypts')),
    decrypt: (wrapped, given) => {
      const same = canonical(given) === canonical(context);
      return same && Buffer.from(wrapped).toString('base64') === blob
        ? Promise.resolve(Buffer.from(golden.dataKeyHex, 'hex'))
        : Promise.reject(new ArchiveError('DECRYPT_FAILED', 'InvalidCiphertextException'));
    },
  };
}
