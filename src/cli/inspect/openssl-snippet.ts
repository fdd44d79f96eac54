import { IV_LENGTH, KEY_LENGTH } from '../../envelope/gcm.ts';
import type { StoredDataKey } from '../../envelope/key-wrap.ts';
import type { Snippet } from './decryption-snippets.ts';

/** What an object says of its encryption: all that is needed besides a key. */
export type Encryption =
  | { readonly format: 'static-gcm'; readonly iv: Uint8Array }
  | { readonly format: 's3ec-v2'; readonly iv: Uint8Array; readonly edk: StoredDataKey }
  | {
      readonly format: 's3ec-v3';
      readonly messageId: Uint8Array;
      readonly commitment: Uint8Array;
      readonly edk: StoredDataKey;
    };

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
/** The counter block of the first block of a GCM message (SP 800-38D, 7.1). */
const firstCounter = (iv: Uint8Array) => `${hex(iv)}00000002`;
const TO_HEX = "od -An -v -tx1 | tr -d ' \\n'";
const BODY = 'head -c $(($(wc -c < object.enc) - 16)) object.enc';
const V3_COUNTER = firstCounter(new Uint8Array(IV_LENGTH).fill(1));

/**
 * POSIX `sh` that decrypts `object.enc` with `openssl` 3, as docs/format.md, section 10, has it, and the values of the object in place.
 * `openssl enc` has no GCM, so the tag is not verified.
 */
export function opensslSnippet(encryption: Encryption): Snippet {
  return { title: 'openssl 3, in sh; the tag is not verified', code: codeOf(encryption) };
}

function codeOf(encryption: Encryption): string {
  if (encryption.format === 'static-gcm') return decrypt('"$ENCRYPTION_KEY_HEX"', encryption.iv);
  const unwrap = unwrapping(encryption.edk);
  if (encryption.format === 's3ec-v2') return `${unwrap}\n${decrypt('"$KEY"', encryption.iv)}`;
  const { messageId, commitment } = encryption;
  // hexinfo: the suite id 00 73 and COMMITKEY or DERIVEKEY
  return `${unwrap}
derive() {
  openssl kdf -binary -keylen "$1" -kdfopt digest:SHA512 -kdfopt hexkey:"$KEY" \\
    -kdfopt hexsalt:${hex(messageId)} -kdfopt hexinfo:"$2" HKDF | ${TO_HEX}
}
if [ "$(derive 28 0073434f4d4d49544b4559)" = ${hex(commitment)} ]; then
  ${BODY} |
    openssl enc -d -aes-256-ctr -K "$(derive 32 00734445524956454b4559)" -iv ${V3_COUNTER} > recording.wav
else
  echo 'this data key does not belong to this object' >&2
fi`;
}

function decrypt(key: string, iv: Uint8Array): string {
  return `${BODY} |\n  openssl enc -d -aes-256-ctr -K ${key} -iv ${firstCounter(iv)} > recording.wav`;
}

/** Sets `KEY` to the data key in hexadecimal. */
function unwrapping({ wrapAlgorithm, wrapped, description }: StoredDataKey): string {
  const decoded = (bytes: Uint8Array) =>
    `printf %s ${Buffer.from(bytes).toString('base64')} | openssl base64 -d -A`;
  switch (wrapAlgorithm) {
    case 'kms':
    case 'kms+context':
      return `${decoded(wrapped)} > wrapped.bin
KEY=$(aws kms decrypt --ciphertext-blob fileb://wrapped.bin --query Plaintext --output text \\
  --encryption-context '${JSON.stringify(description)}' |
  openssl base64 -d -A | ${TO_HEX})`;
    case 'AES/GCM':
      return `KEY=$(${decoded(wrapped.subarray(IV_LENGTH, IV_LENGTH + KEY_LENGTH))} |
  openssl enc -d -aes-256-ctr -K "$WRAPPING_KEY" -iv ${firstCounter(wrapped.subarray(0, IV_LENGTH))} |
  ${TO_HEX})`;
    case 'RSA-OAEP-SHA1':
      return `${decoded(wrapped)} > wrapped.bin
KEY=$(openssl pkeyutl -decrypt -inkey private.pem -in wrapped.bin \\
  -pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha1 |
  tail -c +2 | head -c 32 | ${TO_HEX})`;
  }
}
