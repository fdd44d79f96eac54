import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { KmsRefusal } from '../aws/refusals.ts';

/**
 * A ciphertext blob: opaque to callers, as long as AWS's (184 bytes for a 32-byte data key), so that what has to fit into
 * metadata is measured honestly.
 *
 *     01 02 02 00 78 ‖ key id (UUID, 16) ‖ random (103) ‖ IV (12) ‖ AES-256-GCM ciphertext ‖ tag (16)
 *
 * The additional authenticated data are everything before the IV and the canonical encryption context.
 */
const MAGIC = Buffer.from('0102020078', 'hex');
const UUID_LENGTH = 16;
const PADDING_LENGTH = 103;
const HEADER_LENGTH = MAGIC.length + UUID_LENGTH + PADDING_LENGTH;
const IV_LENGTH = 12;
const TAG_LENGTH = 16;

export type KmsContext = Readonly<Record<string, string>>;

/** The pairs in the order of their names, so that only their set counts. */
function canonicalContext(context: KmsContext): Buffer {
  const pairs = Object.entries(context).sort(([one], [other]) => (one < other ? -1 : Number(one > other)));
  return Buffer.from(JSON.stringify(pairs));
}

/** @param key 32 bytes. */
export function sealBlob(keyId: string, key: Buffer, plaintext: Uint8Array, context: KmsContext): Buffer {
  const header = Buffer.concat([
    MAGIC,
    Buffer.from(keyId.replaceAll('-', ''), 'hex'),
    randomBytes(PADDING_LENGTH),
  ]);
  const iv = randomBytes(IV_LENGTH);
  const cipher = createCipheriv('aes-256-gcm', key, iv, { authTagLength: TAG_LENGTH });
  cipher.setAAD(Buffer.concat([header, canonicalContext(context)]));
  return Buffer.concat([header, iv, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

/** The id of the key a blob was sealed under. @throws `InvalidCiphertextException` when it is no blob. */
export function keyIdOfBlob(blob: Buffer): string {
  const least = HEADER_LENGTH + IV_LENGTH + TAG_LENGTH;
  if (blob.length < least || !blob.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw new KmsRefusal('InvalidCiphertextException');
  }
  const hex = blob.toString('hex', MAGIC.length, MAGIC.length + UUID_LENGTH);
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** @throws `InvalidCiphertextException` when the blob or the context is not exactly what was sealed. */
export function openBlob(key: Buffer, blob: Buffer, context: KmsContext): Buffer {
  const header = blob.subarray(0, HEADER_LENGTH);
  const iv = blob.subarray(HEADER_LENGTH, HEADER_LENGTH + IV_LENGTH);
  const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: TAG_LENGTH });
  decipher.setAAD(Buffer.concat([header, canonicalContext(context)]));
  decipher.setAuthTag(blob.subarray(-TAG_LENGTH));
  try {
    const sealed = blob.subarray(HEADER_LENGTH + IV_LENGTH, -TAG_LENGTH);
    return Buffer.concat([decipher.update(sealed), decipher.final()]);
  } catch {
    throw new KmsRefusal('InvalidCiphertextException');
  }
}
